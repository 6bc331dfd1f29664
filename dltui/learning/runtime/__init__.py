"""What torch takes from the machine: devices, threads, memory, random numbers."""

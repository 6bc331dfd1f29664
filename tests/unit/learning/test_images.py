"""Folders of images: what is read, in which order, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dltui.errors import ConfigError
from dltui.learning.data import datasets, images


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (8, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes, images of several sizes and kinds, and things that are no images."""
    root = tmp_path / "pictures"
    picture(root / "cats" / "b.png", (10, 20, 30))
    picture(root / "cats" / "a.png", (200, 100, 50), (3, 9))
    picture(root / "cats" / "more" / "z.bmp", (0, 0, 255))
    picture(root / "dogs" / "x.PNG", (255, 255, 255), (50, 50))
    picture(root / "dogs" / ".hidden.png", (1, 1, 1))
    (root / "dogs" / "notes.txt").write_text("not an image")
    (root / "README").write_text("no class")
    (root / ".cache").mkdir()
    return root


def test_classes_are_subfolders_in_order_of_name(folder: Path) -> None:
    data = datasets.load(f"folder:{folder}", size=4)
    assert data.y.tolist() == [0, 0, 0, 1]
    assert (data.schema, data.input_shape) == ("uint8/3x4x4/2", (3, 4, 4))
    assert [data.records(np.array([i]))[0, :, 1, 1].tolist() for i in range(4)] == [
        [200, 100, 50],
        [10, 20, 30],
        [0, 0, 255],
        [255, 255, 255],
    ]
    assert images.ImageFolder(folder, 4, 3).classes == ["cats", "dogs"]


def test_grey_images_and_any_order_of_indices(folder: Path) -> None:
    data = datasets.load(f"folder:{folder}", size=5, channels=1)
    x, y = data.tensors(np.array([3, 1, 3]))
    assert tuple(x.shape) == (3, 1, 5, 5)
    assert x[:, 0, 0, 0].tolist() == pytest.approx([1.0, 18 / 255, 1.0])
    assert y.tolist() == [1, 0, 1]


def test_the_fingerprint_is_that_of_the_files(folder: Path) -> None:
    before = datasets.load(f"folder:{folder}", size=4).fingerprint()
    moved = folder.rename(folder.parent / "elsewhere")
    assert datasets.load(f"folder:{moved}", size=4).fingerprint() == before
    picture(moved / "cats" / "b.png", (10, 20, 31))
    changed = datasets.load(f"folder:{moved}", size=4).fingerprint()
    (moved / "cats" / "b.png").rename(moved / "dogs" / "b.png")
    assert len({before, changed, datasets.load(f"folder:{moved}", size=4).fingerprint()}) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"P6 1000000 1000000 255\n", b"BM" + b"\xff" * 60],
)
def test_a_file_that_is_no_image_is_named(folder: Path, content: bytes) -> None:
    bad = folder / "cats" / "b.png"
    bad.write_bytes(content)
    data = datasets.load(f"folder:{folder}", size=4)
    with pytest.raises(ConfigError, match="not a usable image") as caught:
        data.tensors(np.array([0, 1]))
    assert caught.value.where == str(bad)


def test_an_image_that_is_cut_off_is_named(folder: Path) -> None:
    whole = picture(folder / "cats" / "b.png", (1, 2, 3), (200, 200)).read_bytes()
    (folder / "cats" / "b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="not a usable image"):
        datasets.load(f"folder:{folder}", size=4).tensors(np.array([1]))


@pytest.mark.parametrize("limit", ["MAX_PIXELS", "MAX_FILE_BYTES"])
def test_images_over_the_limits_are_not_decoded(folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    data = datasets.load(f"folder:{folder}", size=4)
    monkeypatch.setattr(images, limit, 20)
    monkeypatch.setattr(Image.Image, "convert", lambda *a: pytest.fail("was decoded"))
    with pytest.raises(ConfigError, match=r"too many|larger than"):
        data.tensors(np.array([0]))


def test_what_is_no_folder_of_classes(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder of images"):
        datasets.load(f"folder:{tmp_path}/none", size=4)
    with pytest.raises(ConfigError, match="images need a size"):
        datasets.load(f"folder:{folder}")
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError, match="no image in empty"):
        datasets.load(f"folder:{folder}", size=4)
    with pytest.raises(ConfigError, match="fewer than two classes"):
        datasets.load(f"folder:{folder / 'cats'}", size=4)

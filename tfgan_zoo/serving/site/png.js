// PNG files of levels. A canvas could write them too, but multiplies colours with their transparency and loses some.

import { crc32 } from "./random.js";

const COLOURS = { 1: 0, 2: 4, 3: 2, 4: 6 }; // channels: PNG's number for grey, grey and alpha, RGB, RGBA

// A Blob; levels are uint8[height * width * channels].
export async function png(levels, height, width, channels) {
  const stride = width * channels;
  const rows = new Uint8Array(height * (stride + 1)); // every row begins with 0: no filter
  for (let y = 0; y < height; y++) rows.set(levels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, COLOURS[channels]], 8);
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
  const chunks = [chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array())];
  return new Blob([signature, ...chunks], { type: "image/png" });
}

function chunk(name, data) {
  const bytes = new Uint8Array(data.length + 12);
  const numbers = new DataView(bytes.buffer);
  numbers.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  numbers.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

// Lays images out row by row, `columns` in a row; cells left over are 0.
export function sheet(images, columns, height, width, channels) {
  const rows = Math.ceil(images.length / columns);
  const levels = new Uint8Array(rows * columns * height * width * channels);
  images.forEach((image, i) => {
    const left = (i % columns) * width * channels;
    for (let y = 0; y < height; y++) {
      const row = image.subarray(y * width * channels, (y + 1) * width * channels);
      levels.set(row, (Math.floor(i / columns) * height + y) * columns * width * channels + left);
    }
  });
  return { levels, height: rows * height, width: columns * width };
}

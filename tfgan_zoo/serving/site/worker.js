// Runs the network beside the page, so that the page answers while it computes.
//
// No module itself: from disk Chromium starts no worker that is one.

const network = import("./network.js");
let session;

onmessage = async ({ data }) => {
  try {
    const { images, open } = await network;
    if (data.model) session = await open(data.provider, data.runtime, data.model);
    postMessage({ levels: data.model ? null : await images(session, data) });
  } catch (error) {
    postMessage({ error: error.message || String(error) });
  }
};

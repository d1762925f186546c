// Gives addresses to the parts that the page holds in itself, since from disk a browser loads no others; then starts.
//
// Modules get data: addresses, because from disk a worker may not read the page's blobs.
if (document.body.className !== "cannot") {
  const urls = {};
  const linked = (text) => Object.entries(urls).reduce((all, [name, url]) => all.replaceAll(`"./${name}"`, `"${url}"`), text);
  const blob = (content) => URL.createObjectURL(new Blob([content], { type: "text/javascript" }));
  for (const part of document.querySelectorAll("script[data-part]")) {
    const name = part.dataset.part;
    if (name === "worker.js") urls[name] = blob(linked(part.textContent));
    else if (name.endsWith(".js")) urls[name] = `data:text/javascript,${encodeURIComponent(linked(part.textContent))}`;
    else urls[name] = blob(Uint8Array.from(atob(part.textContent), (letter) => letter.charCodeAt(0)));
    part.remove();
  }
  const model = document.getElementById("model");
  model.textContent = linked(model.textContent);
  import(urls["page.js"]);
}

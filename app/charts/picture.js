"use strict";
(() => {
  const mark = document.querySelector("[data-telltale-picture]:not([data-done])");
  if (!mark) return;
  mark.dataset.done = "1";
  const plot = document.querySelector("." + CSS.escape(mark.dataset.telltalePicture) + " .js-plotly-plot");
  if (!plot) return;
  const box = plot.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * box.width;
  canvas.height = 2 * box.height;
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
  pen.fillRect(0, 0, box.width, box.height);
  const layer = (svg) =>
    new Promise((resolve, reject) => {
      const copy = svg.cloneNode(true);
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      copy.style.fontFamily = getComputedStyle(plot).fontFamily;
      const image = new Image();
      image.onload = () => resolve(pen.drawImage(image, 0, 0));
      image.onerror = reject;
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
    });
  const all = [...plot.querySelectorAll(".main-svg")];
  all.reduce((before, svg) => before.then(() => layer(svg)), Promise.resolve()).then(() =>
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = mark.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }, "image/png")
  );
})();

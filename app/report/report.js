"use strict";
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const packed = document.getElementById("library").textContent.trim();
  if (!packed) return;
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.appendChild(script);
  const settings = { displayModeBar: false, responsive: true };
  const draw = (f, i) => Plotly.newPlot("figure" + i, f.data, f.layout, settings);
  await Promise.all(figures.map(draw));
  document.documentElement.dataset.drawn = figures.length;
  for (const button of document.querySelectorAll(".png")) {
    const chart = document.getElementById("figure" + button.dataset.figure);
    const name = document.title.replace(/[^\w.-]+/g, "-") + "-" + button.dataset.figure;
    const size = () => ({ width: chart.clientWidth, height: chart.clientHeight, scale: 2 });
    button.onclick = () => Plotly.downloadImage(chart, { format: "png", filename: name, ...size() });
  }
})();

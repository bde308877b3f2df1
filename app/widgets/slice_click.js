// Clicks on the marks of a chart in which a box can be drawn as well: Streamlit hears boxes only there.
export default function (component) {
  const root = component.parentElement;
  root.telltale ??= new Ear(component.data.chart);
  root.telltale.send = component.setTriggerValue;
  return root.telltale.stop;
}

class Ear {
  constructor(chart) {
    this.chart = "." + CSS.escape(chart) + " .js-plotly-plot";
    this.hear = (event) => {
      const mark = event.points.map((point) => point.customdata).find((found) => typeof found === "string" || typeof found === "number");
      if (mark !== undefined) this.send("mark", String(mark));
    };
    this.look();
    this.watcher = new MutationObserver(() => this.look());
    this.watcher.observe(document.body, {childList: true, subtree: true});
    this.stop = () => {
      this.watcher.disconnect();
      this.plot?.removeListener?.("plotly_click", this.hear);
    };
  }

  look() {
    const found = document.querySelector(this.chart);
    if (!found?.on || found === this.plot) return;
    this.plot = found; // drawn anew after the page went on
    found.on("plotly_click", this.hear);
  }
}

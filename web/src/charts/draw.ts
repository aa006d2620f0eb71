import { BarChart, FunnelChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { formatNumber } from "@/lib/format";
import type { ChartDefinition } from "./definition";
import type { Mark } from "./useCharts";

use([BarChart, LineChart, PieChart, FunnelChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, SVGRenderer]);

const light = ["#3d4fc4", "#2a9d63", "#c77d12", "#b0407a", "#2f86c9", "#7a5bd0", "#4f8a8b", "#a0522d"];
const dark = ["#8593e9", "#3fb57c", "#d99a3d", "#e07bb0", "#4b9fe0", "#a58cf0", "#6bb5b6", "#d08a63"];

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** How a chart is drawn, in the colours of the theme. */
export function optionOf(chart: ChartDefinition, marks: Mark[], isDark: boolean): Record<string, unknown> {
  const ink = token("--ink-2");
  const line = token("--line");
  const color = isDark ? dark : light;
  const base = { color, animationDuration: 250, textStyle: { color: ink, fontFamily: "inherit" }, aria: { enabled: true }, tooltip: { trigger: "item", backgroundColor: token("--raised"), borderColor: line, textStyle: { color: token("--ink") }, confine: true } };
  const data = marks.map((m) => ({ name: m.label, value: m.value }));
  const label = { color: ink, formatter: (p: { name: string; value: number }) => `${p.name}: ${formatNumber(p.value)}` };
  if (chart.type === "pie" || chart.type === "doughnut") {
    return { ...base, series: [{ type: "pie", radius: chart.type === "pie" ? "72%" : ["46%", "72%"], data, label, itemStyle: { borderColor: token("--surface"), borderWidth: 2 } }] };
  }
  if (chart.type === "funnel") {
    return { ...base, series: [{ type: "funnel", left: "10%", right: "10%", top: 10, bottom: 10, sort: "none", gap: 2, data, label: { ...label, position: "inside", color: "#fff" } }] };
  }
  const category = { type: "category", data: marks.map((m) => m.label), axisLabel: { color: ink, interval: "auto", hideOverlap: true }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, inverse: chart.type === "bar" };
  const value = { type: "value", axisLabel: { color: ink, formatter: (v: number) => formatNumber(v) }, splitLine: { lineStyle: { color: line } }, minInterval: 1 };
  const horizontal = chart.type === "bar";
  return {
    ...base, grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true }, xAxis: horizontal ? value : category, yAxis: horizontal ? category : value,
    series: [{ type: chart.type === "line" || chart.type === "area" ? "line" : "bar", data, smooth: true, areaStyle: chart.type === "area" ? { opacity: 0.15 } : undefined, barMaxWidth: 44, itemStyle: { borderRadius: horizontal ? [0, 4, 4, 0] : [4, 4, 0, 0] }, label: { show: marks.length <= 12, position: horizontal ? "right" : "top", color: ink, formatter: (p: { value: number }) => formatNumber(p.value) } }],
  };
}

/** Draws into an element and gives the way to draw again and to end. */
export function draw(element: HTMLElement, onMark: (index: number) => void) {
  const instance = init(element, undefined, { renderer: "svg" });
  instance.on("click", (event) => onMark((event as { dataIndex: number }).dataIndex));
  const sized = new ResizeObserver(() => instance.resize());
  sized.observe(element);
  return {
    show: (option: Record<string, unknown>) => instance.setOption(option, true),
    end: () => { sized.disconnect(); instance.dispose(); },
  };
}

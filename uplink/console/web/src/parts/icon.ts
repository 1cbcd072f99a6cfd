import { s } from "../dom";

// Pictures of 20 by 20, drawn by us.
const paths = {
	overview: "M3 3h6v6H3zM11 3h6v4h-6zM11 9h6v8h-6zM3 11h6v6H3z",
	alerts: "M10 2.500 18 16.500H2zM10 7.500v4.500M10 13.800v.6",
	search: "M8.500 3.500a5 5 0 1 1 0 10 5 5 0 0 1 0-10M12.300 12.300 17 17",
	sensors: "M3 4h14v5H3zM3 11h14v5H3zM6 6.500h.1M6 13.500h.1M9 6.500h5M9 13.500h5",
	settings: "M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4",
	sun: "M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7M10 2v2M10 16v2M2 10h2M16 10h2M4.300 4.300l1.500 1.500M14.200 14.200l1.500 1.500M4.300 15.700l1.500-1.500M14.200 5.800l1.500-1.500",
	moon: "M16.500 12A7 7 0 0 1 8 3.500 7 7 0 1 0 16.500 12",
	screen: "M3 4h14v9H3zM7 17h6M10 13v4",
	leave: "M8 3H3v14h5M8 10h9M13.500 6.500 17 10l-3.500 3.500",
	download: "M10 3v9M6 8.500 10 12.500l4-4M3 16.500h14",
	eye: "M2 10c2.300-3.700 5-5.500 8-5.500s5.700 1.800 8 5.500c-2.300 3.700-5 5.500-8 5.500S4.300 13.700 2 10M10 7.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5",
} as const;

export function icon(name: keyof typeof paths): SVGSVGElement {
	return s("svg", { class: "icon", viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true", focusable: "false" }, s("path", { d: paths[name] }));
}

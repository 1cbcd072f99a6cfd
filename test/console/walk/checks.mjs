// What every page must keep: names, order of headings, contrast, room.
import { problem } from "./browser.mjs";

// inPage runs within the page and gives what is wrong.
function inPage() {
	const wrong = [];
	const of = (e) => `${e.tagName.toLowerCase()}${e.className.baseVal ?? e.className ? `.${(e.className.baseVal ?? e.className).trim().replaceAll(" ", ".")}` : ""} “${(e.textContent ?? "").trim().slice(0, 40)}”`;
	const visible = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });

	const nameOf = (e) => {
		const by = e.getAttribute("aria-labelledby");
		if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
		return (e.getAttribute("aria-label") ?? ([...(e.labels ?? [])].map((l) => l.textContent).join(" ") || e.textContent) ?? "").trim();
	};
	for (const e of document.querySelectorAll("input, select, textarea")) {
		if (visible(e) && !e.getAttribute("aria-label") && (e.labels ?? []).length === 0) wrong.push(`no label: ${of(e)}`);
	}
	for (const e of document.querySelectorAll("a[href], button, summary, [role=img], [role=tree], [role=treeitem], [role=group], [role=region], dialog, nav")) {
		if (visible(e) && !nameOf(e)) wrong.push(`no name: ${of(e)}`);
	}
	for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) wrong.push(`an order of its own: ${of(e)}`);
	const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(visible);
	if (headings.filter((e) => e.tagName === "H1").length !== 1) wrong.push(`${headings.filter((e) => e.tagName === "H1").length} headings of the first order`);
	headings.reduce((before, e) => {
		const level = Number(e.tagName[1]);
		if (level > before + 1) wrong.push(`a heading skips an order: ${of(e)}`);
		return level;
	}, 0);
	if (document.querySelectorAll("main").length !== 1) wrong.push("no main part, or several");
	if (!document.title || !document.documentElement.lang) wrong.push("no title or no language");
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	for (const id of new Set(ids.filter((x, i) => ids.indexOf(x) !== i))) wrong.push(`the ID ${id} comes twice`);
	if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
	for (const e of document.querySelectorAll(".scroll")) if (e.scrollWidth > e.clientWidth) wrong.push(`a table is ${e.scrollWidth} wide, its place ${e.clientWidth}`);

	const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const cache = new Map();
	const rgba = (colour) => {
		if (!cache.has(colour)) {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
			cache.set(colour, [r, g, b, a / 255]);
		}
		return cache.get(colour);
	};
	const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
	const luminance = ([r, g, b]) => [r, g, b].map((v) => { const x = v / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }).reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => {
		const layers = [];
		for (let x = e; x; x = x.parentElement) {
			if (x.matches?.("g.process")) layers.push(rgba(getComputedStyle(x.querySelector(".row")).fill));
			else if (x instanceof HTMLElement) layers.push(rgba(getComputedStyle(x).backgroundColor));
		}
		return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set();
	for (let n = texts.nextNode(); n; n = texts.nextNode()) {
		const e = n.parentElement;
		if (!n.data.trim() || seen.has(e) || !visible(e) || e.closest("button:disabled, option, .hidden, noscript")) continue;
		seen.add(e);
		const style = getComputedStyle(e);
		const below = ground(e);
		const text = over(rgba(e instanceof SVGElement ? style.fill : style.color), below);
		const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
		const ratio = (light + 0.05) / (dark + 0.05);
		const size = parseFloat(style.fontSize);
		const need = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
		if (ratio < need) wrong.push(`contrast ${ratio.toFixed(2)}, ${need} is needed: ${of(e)}`);
	}
	return wrong;
}

export async function check(page, where) {
	for (const w of new Set(await page.evaluate(inPage))) problem(`${where}: ${w}`);
	await harmless(page, where);
}

// harmless tells when something that a host sent became more than text.
export async function harmless(page, where) {
	const found = await page.evaluate(() => ({
		pwned: window.pwned,
		scripts: [...document.querySelectorAll("script")].filter((x) => !x.src.startsWith(`${location.origin}/assets/`) || x.textContent).length,
		others: document.querySelectorAll("img, iframe, object, embed, style, base, form[action], body svg a, body b").length,
		handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => /^on/i.test(a.name) || /^\s*javascript:/i.test(a.value))).length,
	}));
	if (found.pwned !== undefined || found.scripts || found.others || found.handlers) problem(`${where}: what a host sent became part of the page: ${JSON.stringify(found)}`);
}

// focused tells what has the keyboard, and whether that can be seen.
export const focused = (page) => page.evaluate(() => {
	const e = document.activeElement;
	const style = getComputedStyle(e.matches("g.process") ? e.querySelector(".row") : e);
	const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
	return { tag: e.tagName.toLowerCase(), text: (e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 60), path: e.dataset.path ?? e.getAttribute("href"), seen: outlined || (style.stroke !== "none" && parseFloat(style.strokeWidth) >= 2) };
});

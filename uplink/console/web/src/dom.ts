// Elements are made here and nowhere else. Text is only ever text: there is no way in
// this program from a string to HTML.

export type Child = Node | string | number | null | undefined | false | Child[];
export type Properties = Record<string, string | number | boolean | null | undefined | ((e: never) => unknown)>;

function fill(e: Element, properties: Properties | null, children: Child[]): void {
	for (const [name, value] of Object.entries(properties ?? {})) {
		if (value === null || value === undefined || value === false) continue;
		if (typeof value === "function") {
			e.addEventListener(name, value as EventListener);
			continue;
		}
		if (/^on/i.test(name)) throw new Error(`${name} is to be a function`);
		if (/href|src/i.test(name) && !/^(\/(?!\/)|#)/.test(String(value))) throw new Error(`${name} leads away from here`);
		e.setAttribute(name, value === true ? "" : String(value));
	}
	add(e, children);
}

export function add(e: Element, children: Child[]): void {
	for (const c of children) {
		if (c === null || c === undefined || c === false) continue;
		if (Array.isArray(c)) add(e, c);
		else e.append(c instanceof Node ? c : String(c));
	}
}

// h makes an element. A property that is a function listens to the event of its name.
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties?: Properties | null, ...children: Child[]): HTMLElementTagNameMap[K] {
	const e = document.createElement(tag);
	fill(e, properties ?? null, children);
	return e;
}

// s makes an element of SVG.
export function s<K extends keyof SVGElementTagNameMap>(tag: K, properties?: Properties | null, ...children: Child[]): SVGElementTagNameMap[K] {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	fill(e, properties ?? null, children);
	return e;
}

// put makes children all that e has; what had the keyboard (by data-key) has it again.
export function put(e: Element, ...children: Child[]): void {
	const key = e.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
	e.replaceChildren();
	add(e, children);
	if (key) e.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

const unique = { next: 0 };

// id makes one for an element, for those that name it.
export const id = (of: string): string => `${of}-${++unique.next}`;

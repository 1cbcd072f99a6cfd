// A Chromium that keeps what must not happen.
import { createRequire } from "node:module";
import { join } from "node:path";

const { VIGIL_TOOLS: tools, VIGIL_CHROMIUM: executablePath, VIGIL_PASSWORD: password, VIGIL_SHOTS: shots } = process.env;
export const url = process.env.VIGIL_URL;
const { chromium } = createRequire(join(tools, "node_modules", "x"))("playwright-core");

export const problems = [];
export const problem = (text) => {
	problems.push(text);
	console.log(`PROBLEM: ${text}`);
};

// wanted is what may be refused, while a step asks for what is refused.
const wanted = new Set();
export async function refused(path, step) {
	wanted.add(path);
	await step();
	wanted.delete(path);
}

export async function start() {
	const browser = await chromium.launch({ executablePath, args: ["--disable-background-networking", "--disable-component-update", "--font-render-hinting=none"] });
	const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, timezoneId: "UTC", locale: "en-GB" });
	context.setDefaultTimeout(10_000);
	await context.addInitScript(() => {
		addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
	});
	context.on("request", (r) => {
		if (new URL(r.url()).origin !== url) problem(`a request to another place: ${r.url()}`);
	});
	context.on("page", watch);
	return { browser, context, page: await context.newPage() };
}

function watch(page) {
	page.on("pageerror", (e) => problem(`error in the page ${page.url()}: ${e.stack ?? e}`));
	page.on("dialog", (d) => {
		problem(`a dialog: ${d.message()}`);
		void d.dismiss();
	});
	page.on("console", (m) => {
		if (m.type() !== "error" && m.type() !== "warning") return;
		const from = m.location().url ? new URL(m.location().url).pathname : "";
		if (m.text().startsWith("Failed to load resource") && [...wanted].some((path) => from.startsWith(path))) return;
		problem(`the console says ${m.type()}: ${m.text()} (${from})`);
	});
}

export function want(is, text) {
	if (!is) problem(text);
}

// until waits for a condition.
export async function until(what, fn, ms = 10_000) {
	const end = Date.now() + ms;
	for (;;) {
		const is = await fn();
		if (is) return is;
		if (Date.now() > end) {
			problem(`not within ${ms} ms: ${what}`);
			return undefined;
		}
		await new Promise((r) => setTimeout(r, 25));
	}
}

// step does a part of a walk; what goes wrong in it leaves a picture.
export async function step(page, name, fn) {
	const began = Date.now();
	const before = problems.length;
	try {
		await fn();
	} catch (e) {
		problem(`${name}: ${e.stack ?? e}`);
		await page.screenshot({ path: join(shots, `failed-${name.replaceAll(" ", "-")}.png`) });
	}
	console.log(`${problems.length === before ? "ok" : "FAILED"}: ${name}, ${Date.now() - began} ms`);
}

export async function login(page, name) {
	await page.fill("input[name=user]", name);
	await page.fill("input[name=password]", password);
	await page.keyboard.press("Enter");
	await page.waitForSelector(".shell");
}

// end closes the browser, and fails the walk if there were problems.
export async function end(browser) {
	await browser.close();
	if (problems.length === 0) return;
	console.log(`${problems.length} problems`);
	process.exit(1);
}

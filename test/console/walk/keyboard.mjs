// By keyboard alone, from the top of a page to what it is about.
import { until, url, want } from "./browser.mjs";
import { focused } from "./checks.mjs";

async function tabTo(page, is, most = 60) {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press("Tab");
		const f = await focused(page);
		want(f.seen, `the keyboard is at ${f.tag} “${f.text}” and it cannot be seen`);
		if (is(f)) return f;
	}
	want(false, `the keyboard does not reach ${is}`);
	return undefined;
}

export async function keyboard(page) {
	await page.goto(url);
	await page.waitForSelector(".tile");
	const first = await tabTo(page, () => true);
	want(first.text === "Skip to the page", `the first stop is “${first.text}”`);
	await page.keyboard.press("Enter");
	want((await focused(page)).tag === "main", "the link skips nothing");
	await page.locator(".skip").focus();
	await tabTo(page, (f) => f.path === "/alerts");
	await page.keyboard.press("Enter");
	await page.waitForSelector("tr[data-path]");
	await until("the heading has the keyboard", async () => (await focused(page)).text === "Alerts");

	const row = await tabTo(page, (f) => f.tag === "tr");
	await page.keyboard.press("ArrowDown");
	const next = await focused(page);
	want(next.tag === "tr" && next.path !== row.path, "the arrow does not reach the next alert");
	await page.keyboard.press("End");
	await page.keyboard.press("Home");
	want((await focused(page)).path === row.path, "Home does not reach the first alert");
	while (!(await focused(page)).text.includes("Shell connected")) await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await page.waitForSelector(".process");
	want(page.url().includes("/alerts/"), "Enter does not open the alert");

	await tabTo(page, (f) => f.tag === "g");
	const before = (await focused(page)).text;
	for (const key of ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowRight"]) await page.keyboard.press(key);
	const after = await focused(page);
	want(after.tag === "g" && after.text !== before && after.seen, `the tree's keyboard is at ${after.tag} “${after.text}”`);
	want((await page.locator(".tree-detail").textContent()).includes("php8.2") || (await page.locator(".tree-detail").textContent()).includes("dash"), "the chosen process is not told");
	await tabTo(page, (f) => f.tag === "summary");
	await page.keyboard.press("Enter");
	await page.waitForSelector("details[open] .fields");

	await tabTo(page, (f) => f.tag === "button" && f.text === "Comment", 200);
	for (const [path, sign] of [["/search", ".event"], ["/sensors", "tr[data-path]"], ["/settings/policies", ".part .card"], ["/settings/audit", ".part .card"]]) {
		await page.goto(url + path);
		await page.waitForSelector(sign);
		await page.evaluate(() => document.activeElement?.blur());
		for (let i = 0; i < 25; i++) {
			await page.keyboard.press("Tab");
			const f = await focused(page);
			want(f.seen || f.tag === "body", `${path}: the keyboard is at ${f.tag} “${f.text}” and it cannot be seen`);
		}
	}

	await page.goto(url);
	await page.waitForSelector(".tile");
	await page.locator("[data-theme-choice=dark]").focus();
	await page.keyboard.press("Enter");
	want((await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)) === "dark", "the switch does not make it dark");
	await page.reload();
	await page.waitForSelector(".tile");
	want((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "the choice is not kept");
	await page.locator("[data-theme-choice=system]").click();
}

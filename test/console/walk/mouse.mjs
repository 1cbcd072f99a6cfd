// What people do about alerts, in search and in the settings; and that changes come by themselves.
import { join } from "node:path";
import { refused, until, url, want } from "./browser.mjs";
import { check } from "./checks.mjs";

const control = process.env.VIGIL_CONTROL;

async function dialog(page, values, word) {
	await page.waitForSelector("dialog[open]");
	await check(page, `dialog ${word}`);
	await page.screenshot({ path: join(process.env.VIGIL_SHOTS, `dialog-${word.toLowerCase()}.png`) });
	for (const [name, value] of Object.entries(values)) {
		const e = page.locator(`dialog [name=${name}]`);
		if ((await e.evaluate((x) => x.tagName)) === "SELECT") await e.selectOption(value);
		else await e.fill(value);
	}
	await page.locator("dialog").getByRole("button", { name: word, exact: true }).click();
}

const gone = (page) => page.waitForSelector("dialog", { state: "detached" });

export async function alerts(page, ids) {
	await page.goto(`${url}/alerts`);
	await page.waitForSelector("tr[data-path]");
	const rows = () => page.locator("tbody tr[data-path]").count();
	const all = await rows();
	const severe = page.locator("select[data-key=Severity]");
	await severe.selectOption("4");
	await until("fewer alerts", async () => (await rows()) < all);
	want((await page.locator("tbody .severity").allTextContents()).every((x) => x === "High"), "the filter by severity lets others through");
	await severe.selectOption("3+");
	await until("more than those", async () => { const all = await page.locator("tbody .severity").allTextContents(); return all.includes("Medium") && all.includes("High") && !all.includes("Low"); });
	await severe.selectOption("3");
	await until("those of one severity", async () => (await page.locator("tbody .severity").allTextContents()).every((x) => x === "Medium"));
	want((await page.locator("a[download]").getAttribute("href")).includes("severity=3"), "the CSV is of other alerts");
	await severe.selectOption("");
	await page.getByRole("button", { name: "Closed", exact: true }).click();
	await until("a page of closed alerts", async () => (await rows()) === 100);
	await page.getByRole("button", { name: "Show more" }).click();
	await until("all closed alerts", async () => (await rows()) === 120);
	await page.getByRole("button", { name: "Open", exact: true }).click();
	await page.getByLabel("Find").fill("memory");
	await page.keyboard.press("Enter");
	await until("what was looked for", async () => (await rows()) === 1);
	want(page.url().includes("text=memory"), "the address does not keep the filter");

	await page.goto(`${url}/alerts/${ids.shell}`);
	await page.getByRole("button", { name: "Take it" }).click();
	await until("it is taken", async () => (await page.locator(".marks .status").textContent()) === "In progress");
	want((await page.locator("[data-key=assign]").inputValue()) === "mara", "it is nobody's");
	await page.locator("[data-key=assign]").selectOption("jonas");
	await page.locator("textarea[name=comment]").fill("Isolated at 10:40.");
	await page.getByRole("button", { name: "Comment" }).click();
	await page.waitForSelector(".comments >> text=Isolated at 10:40.");
	await page.getByRole("button", { name: "Dismiss …" }).click();
	await page.locator("dialog button[type=submit]").click();
	want((await page.locator("dialog[open]").count()) === 1, "it is dismissed without a reason");
	await dialog(page, { reason: "a test of ours" }, "Dismiss");
	await gone(page);
	await until("it is dismissed", async () => (await page.locator(".marks .status").textContent()) === "Dismissed");
	want((await page.locator("main").textContent()).includes("a test of ours"), "the reason is not shown");
	await page.getByRole("button", { name: "Open again" }).click();
	await page.getByRole("button", { name: "Suppress …" }).click();
	await dialog(page, { sensor: "", days: "7", reason: "tests" }, "Suppress");
	await gone(page);
	await until("it is suppressed", async () => (await page.locator(".marks .status").textContent()) === "Dismissed");
	await page.goto(`${url}/settings/suppressions`);
	await page.waitForSelector("text=vigil-reverse-shell");
	const there = await page.getByRole("button", { name: "End" }).count();
	await page.getByRole("button", { name: "End" }).last().click();
	await until("the suppression has ended", async () => (await page.getByRole("button", { name: "End" }).count()) === there - 1);
}

export async function live(page) {
	for (const [path, sign] of [["/", ".tile"], ["/alerts", "tr[data-path]"]]) {
		await page.goto(url + path);
		await page.waitForSelector(sign);
		await page.waitForSelector(".link.live");
		const title = `Late alert at ${path}`;
		const began = Date.now();
		await fetch(`${control}/alert?title=${encodeURIComponent(title)}`, { method: "POST" });
		await page.waitForSelector(`text=${title}`, { timeout: 2_000 });
		console.log(`an alert is shown after ${Date.now() - began} ms at ${path}`);
	}
}

export async function search(page) {
	await page.goto(`${url}/search`);
	await page.waitForSelector(".histogram .bar");
	await page.locator("#query").fill("sess_");
	await page.keyboard.press("Enter");
	await until("sessions only", () => page.evaluate(() => { const all = [...document.querySelectorAll(".event .what")]; return all.length > 10 && all.every((e) => e.textContent.includes("sess_")); }));
	await page.locator(".event summary").first().click();
	await page.waitForSelector("details[open] .fields >> text=file.path");
	await page.locator(".histogram .bar").nth(30).click();
	await until("a shorter time", () => page.url().includes("from="));
	await page.locator("#last").selectOption("900");
	await refused("/v1/events", async () => {
		await page.locator("#query").fill("((");
		await page.getByRole("button", { name: "Search", exact: true }).click();
		await page.waitForSelector(".message.bad >> text=cannot be understood");
	});
	await page.locator("#query").fill("kworkerd");
	await page.getByRole("button", { name: "Save …" }).click();
	await dialog(page, { name: "The miner" }, "Save");
	await gone(page);
	await page.locator("#query").fill("");
	await page.getByRole("button", { name: "The miner", exact: true }).click();
	await until("the saved search is asked", async () => page.url().includes("kworkerd"));
	await page.locator(".help button").first().click();
	await until("the example is asked", async () => page.url().includes("query=curl"));
	await page.getByRole("button", { name: "Delete The miner" }).click();
	await until("the search is deleted", async () => (await page.getByRole("button", { name: "The miner", exact: true }).count()) === 0);
}

export async function settings(page) {
	const at = async (part) => { await page.goto(`${url}/settings/${part}`); await page.waitForSelector(".part .card"); };
	await at("users");
	await page.getByRole("button", { name: "Add a user …" }).click();
	await dialog(page, { name: "nina", role: "approver", password: "another long password" }, "Add");
	await gone(page);
	await page.waitForSelector("td >> text=nina");
	await page.locator("tr", { hasText: "nina" }).getByRole("button", { name: "Disable" }).click();
	await page.waitForSelector("tr:has-text('nina') >> text=Disabled");
	await refused("/v1/users", async () => {
		await page.getByRole("button", { name: "Add a user …" }).click();
		await dialog(page, { name: "nina", role: "viewer", password: "another long password" }, "Add");
		await page.waitForSelector("dialog .problem:not([hidden])");
		await page.keyboard.press("Escape");
		await gone(page);
	});
	for (const [part, word, values] of [["tokens", "Make a token …", { name: "grafana" }], ["enrolment", "Make a token …", { note: "web-03" }]]) {
		await at(part);
		await page.getByRole("button", { name: word }).click();
		await dialog(page, values, "Make");
		await page.waitForSelector("dialog .secret");
		want((await page.locator("dialog .secret").textContent()).length > 20, `${part}: no secret is told`);
		await page.getByRole("button", { name: "Done" }).click();
		await gone(page);
		await page.waitForSelector(`td >> text=${Object.values(values)[0]}`);
	}
	await policies(page, at);
	await at("exports");
	const siem = page.locator("tr", { hasText: "siem" });
	await siem.locator("text=Failing").waitFor();
	want((await siem.textContent()).includes("no such host"), "the last error is not told");
	const delivered = () => siem.locator("td").nth(3).textContent();
	const before = await delivered();
	await until("the counts go on", async () => (await delivered()) !== before);
	await siem.getByRole("button", { name: "Test" }).click();
	await page.waitForSelector("text=siem: the test was not delivered: connect");
	await page.getByRole("button", { name: "Add an export …" }).click();
	await page.locator("dialog [name=kind]").selectOption("splunk");
	want((await page.locator("dialog [name=settings]").inputValue()).includes("8088"), "no example of the kind");
	await refused("/v1/exports", async () => {
		await dialog(page, { name: "archive", kind: "file", settings: `{"path":"archive.jsonl","filter":{"severity":"grave"}}` }, "Add");
		await page.waitForSelector("dialog .problem >> text=filter.severity");
	});
	await dialog(page, { settings: `{"path":"archive.jsonl"}` }, "Add");
	await gone(page);
	await page.locator("tr", { hasText: "archive" }).getByRole("button", { name: "Test" }).click();
	await page.waitForSelector("text=archive: the test was delivered: written");
	await page.getByRole("button", { name: "Add an export …" }).click();
	await dialog(page, { name: "hook", kind: "webhook", settings: `{"url":"https://hooks.example/path-secret","key":"0123456789abcdef"}` }, "Add");
	await gone(page);
	await page.locator("tr", { hasText: "hook" }).getByRole("button", { name: "Edit …" }).click();
	const settings = page.locator("dialog [name=settings]");
	want(/"\[secret\]"/.test(await settings.inputValue()) && !/path-secret|0123456789/.test(await settings.inputValue()), "a secret comes back");
	await page.locator("dialog [name=enabled]").uncheck();
	await page.locator("dialog button[type=submit]").click(); // the secrets stay as they were
	await gone(page);
	await page.waitForSelector("tr:has-text('hook') >> text=Disabled");
	await page.locator("tr", { hasText: "archive" }).getByRole("button", { name: "Delete …" }).click();
	await dialog(page, {}, "Delete");
	await gone(page);
	await until("the export is deleted", async () => (await page.locator("tr", { hasText: "archive" }).count()) === 0);
	await at("audit");
	await page.getByLabel("Did").fill("users.add");
	await page.keyboard.press("Enter");
	await until("only those", () => page.evaluate(() => { const all = [...document.querySelectorAll("tbody tr td:nth-child(4)")]; return all.length >= 2 && all.every((e) => e.textContent === "users.add"); }));
}

// policies are edited as text, told apart by lines, and say who follows them and who refuses.
async function policies(page, at) {
	await at("policies");
	const row = page.locator("tr", { hasText: "databases" });
	await row.locator("text=1 of 1 sensor").waitFor();
	await row.getByRole("button", { name: "Edit …" }).click();
	await dialog(page, { settings: "{", note: "a step" }, "Save");
	await page.waitForSelector("dialog .problem >> text=no JSON");
	await page.locator("dialog [name=settings]").fill(`{"watch":["/var/lib/postgresql/"],"judge":true}`);
	await page.locator("dialog [name=protections]").fill("vigil-exec-shm perhaps");
	await page.locator("dialog button[type=submit]").click();
	await page.waitForSelector("dialog .problem >> text=no identifier with on or off");
	await page.locator("dialog [name=protections]").fill("vigil-exec-shm off\nvigil-port-scan off");
	await page.locator("dialog [name=rules]").fill("### netcat.yml\ntitle: Netcat\nlogsource: {product: linux}\n\n### second.yml\ntitle: Second\n");
	await refused("/v1/policies", async () => {
		await page.locator("dialog [name=settings]").fill(`{"tier":"full"}`);
		await page.locator("dialog button[type=submit]").click();
		await page.waitForSelector("dialog .problem >> text=needs a restart of the sensor");
	});
	await page.locator("dialog [name=settings]").fill(`{"watch":["/var/lib/postgresql/"],"judge":true}`);
	await page.locator("dialog button[type=submit]").click();
	await gone(page);
	await page.waitForSelector("tr:has-text('databases') >> text=v2");
	await page.waitForSelector("h2 >> text=Versions of databases");
	await until("what changed is marked", async () => {
		const added = await page.locator("details[open] .added").allTextContents();
		return ["judge", "vigil-port-scan off", "### second.yml"].every((x) => added.some((line) => line.includes(x))) && !added.some((line) => line.includes("vigil-exec-shm"));
	});
	await page.waitForSelector("h2:has-text('Sensors of databases') + ul >> text=v1 of v2");
	await row.getByRole("button", { name: "Edit …" }).click();
	await page.waitForSelector("dialog[open]");
	want((await page.locator("dialog [name=rules]").inputValue()) === "### netcat.yml\ntitle: Netcat\nlogsource: {product: linux}\n\n### second.yml\ntitle: Second\n", "the rules are not as they were written");
	await page.keyboard.press("Escape");
	await gone(page);
	await page.locator("tr", { hasText: "default" }).locator("text=1 refused it").waitFor();
	await page.locator("tr", { hasText: "default" }).getByRole("button", { name: "Versions" }).click();
	await page.waitForSelector(".why >> text=version 2: rules:");
	await page.locator("summary").last().click();
	await page.waitForSelector("text=Nothing: each host as its own configuration says.");
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		await check(page, `policies ${colorScheme}`);
		await page.screenshot({ path: join(process.env.VIGIL_SHOTS, `policies-${colorScheme}.png`), fullPage: true });
	}
	await page.emulateMedia({ colorScheme: "light" });
	await page.locator(".why").locator("..").locator("a").click();
	await page.waitForSelector("dt:has-text('Refused') + dd >> text=version 2: rules:");
	await check(page, "a sensor that refuses its policy");
	await page.goto(`${url}/sensors`);
	await page.waitForSelector("tr:has-text('mail') >> text=refused");
}

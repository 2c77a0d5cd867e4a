// The tasks through the official JavaScript client.
//
//     node javascript.mjs MODULE TASK URL OPTIONS

import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

const [module, name, url, options] = process.argv.slice(2);
const { Client, handle_file } = await import(module);

function peak() {
	try {
		return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
	} catch {
		return process.resourceUsage().maxRSS / 1024;
	}
}

async function measured(work) {
	const memory = peak();
	const before = process.cpuUsage();
	const start = performance.now();
	await work();
	const seconds = (performance.now() - start) / 1000;
	const used = process.cpuUsage(before);
	return { seconds, cpu: (used.user + used.system) / 1e6, memory: peak() - memory };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function repeat(call, times) {
	const seconds = [];
	const figures = await measured(async () => {
		for (let i = 0; i < times; i++) {
			const start = performance.now();
			await call();
			seconds.push((performance.now() - start) / 1000);
		}
	});
	return { ...figures, seconds: median(seconds), cpu: figures.cpu / times };
}

async function ready() {
	const app = await Client.connect(url);
	await app.predict("/noop", ["x"]);
	return app;
}

function check(condition) {
	if (!condition) throw new Error("a wrong result");
}

const tasks = {
	async start() {
		const app = await Client.connect(url);
		console.log((await app.predict("/noop", ["x"])).data[0]);
		return { peak: peak() };
	},
	async connect({ times }) {
		return repeat(async () => (await Client.connect(url)).close(), times);
	},
	async calls({ name, times, value = "x" }) {
		const app = await ready();
		return repeat(() => app.predict("/" + name, [value]), times);
	},
	async direct({ name, times }) {
		const app = await ready();
		return repeat(() => app.predict("/" + name, ["x"]), times);
	},
	async jobs({ count }) {
		const app = await ready();
		return measured(async () => {
			await Promise.all(Array.from({ length: count }, () => app.predict("/noop", ["x"])));
		});
	},
	async first_output({ times }) {
		const app = await ready();
		const seconds = [];
		for (let i = 0; i < times; i++) {
			let start = performance.now();
			for await (const message of app.submit("/count", [3])) {
				if (message.type === "data" && start) {
					seconds.push((performance.now() - start) / 1000);
					start = 0;
				}
			}
		}
		return { seconds: median(seconds) };
	},
	async stream({ name, count }) {
		const app = await ready();
		let outputs = 0;
		const figures = await measured(async () => {
			for await (const message of app.submit("/" + name, [count])) {
				if (message.type === "data") outputs += 1;
			}
		});
		return { ...figures, outputs };
	},
	async upload({ path }) {
		const app = await ready();
		return measured(async () => {
			check((await app.predict("/size", [handle_file(path)])).data[0] === statSync(path).size);
		});
	},
	// This client returns the URL of a file: fetching it is left to its user.
	async download({ megabytes }) {
		const path = join(mkdtempSync(join(tmpdir(), "gradio-")), "made.bin");
		const app = await ready();
		return measured(async () => {
			const file = (await app.predict("/make", [megabytes])).data[0];
			const out = openSync(path, "w");
			const digest = createHash("sha256");
			for await (const chunk of (await fetch(file.url)).body) {
				digest.update(chunk);
				writeSync(out, chunk);
			}
			closeSync(out);
			rmSync(dirname(path), { recursive: true });
		});
	},
};

const figures = await tasks[name](JSON.parse(options));
console.log(JSON.stringify({ peak: peak(), ...figures }));
process.exit(0);

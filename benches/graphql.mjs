// Figures of GraphQL on the embedded cloud, and of MiniStack beside it: the same project, the same client, one run.
//
// usage: node benches/graphql.mjs AMPUP [MINISTACK] [SECONDS] [FIGURE]
//
// Each figure is of requests over connections that stay open, one at a time on each; every answer is read and checked.
// The load is wrk's, which takes little of the machine for itself. Needs wrk and the packages of tests/clients (`npm ci`
// there). It judges nothing; the limits that we hold ourselves to stand in brackets: how many times MiniStack's requests
// a second, and the time in which 99 of 100 requests of 16 clients are answered.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const require = createRequire(new URL("../tests/clients/package.json", import.meta.url));
const { DynamoDBClient, ListTablesCommand, BatchWriteItemCommand } = require("@aws-sdk/client-dynamodb");

const [ampup, ministack, seconds = "3", only = ""] = process.argv.slice(2);
const ITEMS = 100;
const run = promisify(execFile);

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(url) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    try {
      return await fetch(url);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${url} does not answer`);
}

/** The project in a folder of its own, deployed to `endpoint`; what its stacks put out. */
async function deploy(folder, options) {
  const command = async (...words) => JSON.parse((await run(ampup, [...words, "--json"], { cwd: folder })).stdout);
  await command("init", "bench", ...options);
  await command("add", "api", "--name", "todo", "--sample", "todo", "--auth", "api-key");
  return command;
}

/** A hundred items, written behind the API. */
async function fill(endpoint) {
  const client = new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const { TableNames } = await client.send(new ListTablesCommand({}));
  const table = TableNames.find((name) => name.includes("Todo"));
  for (let first = 0; first < ITEMS; first += 25) {
    const write = (number) => ({
      PutRequest: {
        Item: {
          id: { S: `todo-${number}` },
          title: { S: `number ${number}` },
          __typename: { S: "Todo" },
          createdAt: { S: "2026-01-01T00:00:00.000Z" },
          updatedAt: { S: "2026-01-01T00:00:00.000Z" },
        },
      },
    });
    const RequestItems = { [table]: Array.from({ length: 25 }, (_, index) => write(first + index)) };
    await client.send(new BatchWriteItemCommand({ RequestItems }));
  }
}

/** Requests a second and the 99th percentile in milliseconds, of `clients` connections. */
async function measure({ url, key }, name, clients) {
  const words = ["-t1", `-c${clients}`, `-d${seconds}s`, "--timeout", "60s", "-s", join(import.meta.dirname, "graphql.lua"), url.href];
  const { stdout } = await run("wrk", words, { env: { ...process.env, FIGURE: name, KEY: key } });
  const [, rate, p99] = /^RESULT (\S+) (\S+)$/m.exec(stdout);
  return { rate: Number(rate), p99: Number(p99), faulty: /^FAULTY (.*)$/m.exec(stdout)?.[1] };
}

function memoryMib(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** Our own cloud with the project in it. */
async function embedded(folder) {
  const port = await freePort();
  const command = await deploy(folder, ["--target", "local"]);
  await command("push", "--yes");
  const cloud = spawn(ampup, ["dev", "--port", String(port), "--json"], { cwd: folder, stdio: "ignore" });
  await answers(`http://127.0.0.1:${port}/`);
  // Nothing is left to do, but the answer has the outputs.
  const { outputs } = await command("push", "--yes");
  const url = new URL(outputs.TodoGraphQLUrl);
  await fill(url.origin);
  return { url, key: outputs.TodoApiKey, process: cloud };
}

async function peer(folder) {
  const port = await freePort();
  const environment = { ...process.env, GATEWAY_PORT: String(port), BIND_HOST: "127.0.0.1", IOT_MTLS_ENABLED: "0", SFTP_ENABLED: "0" };
  const cloud = spawn(ministack, { env: environment, stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(`${endpoint}/_ministack/health`);
  const command = await deploy(folder, ["--target", "localstack", "--endpoint", endpoint]);
  const { outputs } = await command("push", "--yes");
  await fill(endpoint);
  const url = new URL(`${endpoint}/v1/apis/${outputs.TodoGraphQLApiId}/graphql`);
  return { url, key: outputs.TodoApiKey, process: cloud };
}

const LIMITS = { "getTodo 1": 50, "getTodo 16": 500, "createTodo 1": 50, "createTodo 16": 500, "listTodos 1": 30, "listTodos 16": 30 };
const folders = [mkdtempSync(join(tmpdir(), "bench-")), mkdtempSync(join(tmpdir(), "bench-"))];
const clouds = [];
try {
  clouds.push(await embedded(folders[0]));
  if (ministack) clouds.push(await peer(folders[1]));
  for (const [figure, times] of Object.entries(LIMITS).filter(([figure]) => figure.startsWith(only))) {
    const [name, clients] = figure.split(" ");
    const [ours, theirs] = [await measure(clouds[0], name, Number(clients)), clouds[1] && (await measure(clouds[1], name, Number(clients)))];
    const bar = clients === "16" ? " [10]" : "";
    let line = `${name.padEnd(10)} ${clients.padStart(2)} clients: ${ours.rate.toFixed(0)}/s, p99 ${ours.p99.toFixed(1)} ms${bar}`;
    if (ours.faulty) line += ` FAULTY ${ours.faulty}`;
    if (theirs) {
      line += `; MiniStack ${theirs.rate.toFixed(1)}/s, p99 ${theirs.p99.toFixed(0)} ms: ${(ours.rate / theirs.rate).toFixed(0)} times [${times}]`;
      if (theirs.faulty) line += `\n    MiniStack answers with an error: ${theirs.faulty}`;
    }
    console.log(line);
  }
  console.log(`memory at most: ${memoryMib(clouds[0].process.pid).toFixed(0)} MiB [200]`);
} finally {
  for (const { process: cloud } of clouds) cloud.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

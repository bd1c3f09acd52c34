// A page with an app, served from another origin than the cloud's.
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Serves the app of a file; `alias` gives modules that it imports another place. */
export async function servePage(entry, alias = {}) {
  const { outputFiles: [script] } = await build({
    entryPoints: [path.join(here, entry)], bundle: true, format: 'iife', write: false, logLevel: 'error', alias,
    nodePaths: [path.join(here, 'node_modules')],
  });
  const server = http.createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script.text : '<!doctype html><meta charset="utf-8"><script src="/page.js"></script>');
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { server, address: `http://localhost:${server.address().port}/` };
}

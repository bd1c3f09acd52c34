// The Node.js runtime: loads a handler and serves it over the Lambda Runtime API until the cloud is gone.
//
// It loads as little as it can: a plain socket instead of the HTTP module, writes to the descriptor instead of a stream.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, types } from 'node:util';

const environment = process.env;
const [authority, token] = environment.AWS_LAMBDA_RUNTIME_API.split('/');
const [host, port] = authority.split(':');
const base = `/${token}/2018-06-01/runtime`;
const root = environment.LAMBDA_TASK_ROOT;

// Output -------------------------------------------------------------------------------------------------------------

const stdout = process.stdout;
let requestId;

/** Writes at once; a full pipe that someone made non-blocking is left to the stream. */
function emit(text) {
  const bytes = Buffer.from(text);
  let from = 0;
  while (from < bytes.length) {
    try {
      from += fs.writeSync(1, bytes, from);
    } catch {
      stdout.write(bytes.subarray(from));
      return;
    }
  }
}

/** One message is one line: what breaks it within is written as a carriage return, which the cloud turns back. */
function log(level, text) {
  emit(`${new Date().toISOString()}\t${requestId}\t${level}\t${text.replace(/\r?\n/g, '\r')}\n`);
}

for (const [name, level] of [
  ['log', 'INFO'],
  ['info', 'INFO'],
  ['debug', 'DEBUG'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
]) {
  console[name] = (...values) => log(level, format(...values));
}
console.trace = (...values) => {
  const place = {};
  Error.captureStackTrace(place, console.trace);
  log('TRACE', `${format(...values)}\n${place.stack.split('\n').slice(1).join('\n')}`);
};

/** Everything that the invocation printed stands before this mark. */
function mark() {
  emit(`\0${token}\n`);
}

// The Runtime API ----------------------------------------------------------------------------------------------------

const socket = net.connect({ host, port: Number(port), noDelay: true });
// Without the cloud there is nothing to do.
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));

let pieces = [];
let length = 0;
// How many bytes the answer has as far as is known: its head must come first.
let wanted = 1;
let headers;
let waiting;

socket.on('data', (piece) => {
  pieces.push(piece);
  length += piece.length;
  if (length < wanted) return;
  let received = pieces.length === 1 ? piece : Buffer.concat(pieces);
  const end = received.indexOf('\r\n\r\n');
  pieces = [received];
  if (end < 0) return;
  if (headers === undefined) {
    headers = {};
    for (const line of received.toString('latin1', 0, end).split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    wanted = end + 4 + Number(headers['content-length'] ?? 0);
    if (length < wanted) return;
  }
  const answer = { headers, body: received.subarray(end + 4, wanted) };
  received = received.subarray(wanted);
  pieces = received.length > 0 ? [received] : [];
  length = received.length;
  wanted = 1;
  headers = undefined;
  const { resolve } = waiting;
  waiting = undefined;
  resolve(answer);
});

function request(method, where, body) {
  return new Promise((resolve) => {
    waiting = { resolve };
    // An open request keeps the process alive, the handler's work alone does not.
    socket.ref();
    const bytes = Buffer.from(body ?? '');
    socket.cork();
    socket.write(
      `${method} ${base}/${where} HTTP/1.1\r\nhost: ${authority}\r\ncontent-type: application/json\r\n` +
        `content-length: ${bytes.length}\r\n\r\n`,
    );
    socket.write(bytes);
    socket.uncork();
  });
}

// Errors -------------------------------------------------------------------------------------------------------------

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function described(error) {
  if (types.isNativeError(error) || error instanceof Error) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      trace: String(error.stack ?? '').split('\n'),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function logged(kind, error) {
  const { errorType, errorMessage, trace } = described(error);
  const facts = { errorType, errorMessage, ...(error?.code ? { code: error.code } : {}), stack: trace };
  log('ERROR', `${kind} \t${JSON.stringify(facts)}`);
}

/** Tells the error of what is going on, the loading of the code or an invocation, and ends. */
async function giveUp(kind, error) {
  logged(kind, error);
  mark();
  const where = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
  await request('POST', where, JSON.stringify(described(error)));
  process.exit(129);
}

process.on('uncaughtException', (error) => giveUp('Uncaught Exception', error));
process.on('unhandledRejection', (reason) => {
  const text = types.isNativeError(reason) ? `${reason.name}: ${reason.message}` : String(reason);
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', text);
  error.reason = described(reason);
  giveUp('Unhandled Promise Rejection', error);
});

// The handler --------------------------------------------------------------------------------------------------------

/** Whether the nearest `package.json` says that `.js` files are ES modules. */
function isModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT' || folder === root || folder === path.dirname(folder)) return false;
    }
  }
}

async function load(name) {
  const require = createRequire(path.join(root, 'package.json'));
  const start = path.resolve(root, name);
  const file = ['', '.js', '.mjs', '.cjs']
    .map((extension) => start + extension)
    .find((candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (file === undefined) return require(require.resolve(name, { paths: [root] }));
  const extension = path.extname(file);
  if (extension === '.mjs' || (extension === '.js' && isModule(file))) return import(pathToFileURL(file).href);
  return require(file);
}

async function handlerOf(text) {
  if (text.includes('..')) {
    const hint = 'Use absolute paths when specifying root directories in handler names.';
    throw new RuntimeError('Runtime.MalformedHandlerName', `'${text}' is not a valid handler name. ${hint}`);
  }
  const found = /^([^.]*)\.(.*)$/.exec(path.basename(text));
  if (found === null) throw new RuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  const [, file, members] = found;
  const name = path.join(path.dirname(text), file);
  let loaded;
  try {
    loaded = await load(name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('Runtime.UserCodeSyntaxError', String(error));
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('Runtime.ImportModuleError', String(error));
    }
    throw error;
  }
  const member = (from) => members.split('.').reduce((value, key) => value?.[key], from);
  const handler = member(loaded) ?? member(loaded?.default);
  if (handler === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${text} is undefined or not exported`);
  }
  if (typeof handler !== 'function') throw new RuntimeError('Runtime.HandlerNotFound', `${text} is not a function`);
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const client = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: client === undefined ? undefined : JSON.parse(Buffer.from(client, 'latin1').toString('utf8')),
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** The outcome of a handler: of its promise, of its callback, or nothing when nothing is left to do. */
function outcome(handler, event, context) {
  return new Promise((resolve, reject) => {
    let settle = () => resolve(null);
    const empty = () => settle();
    const done = (error, value) => {
      settle = () => (error === null || error === undefined ? resolve(value) : reject(error));
      if (!context.callbackWaitsForEmptyEventLoop) settle();
    };
    context.done = done;
    context.succeed = (value) => done(null, value);
    context.fail = (error) => done(error ?? 'handled');
    process.once('beforeExit', empty);
    const result = handler(event, context, done);
    if (typeof result?.then === 'function') result.then(resolve, reject);
  }).finally(() => process.removeAllListeners('beforeExit'));
}

function written(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

async function serve() {
  const handler = await handlerOf(environment._HANDLER);
  for (;;) {
    const { headers, body } = await request('GET', 'invocation/next');
    requestId = headers['lambda-runtime-aws-request-id'];
    socket.unref();
    let where = 'response';
    let answer;
    try {
      answer = written(await outcome(handler, JSON.parse(body.toString('utf8')), contextOf(headers)));
    } catch (error) {
      logged('Invoke Error', error);
      where = 'error';
      answer = JSON.stringify(described(error));
    }
    mark();
    await request('POST', `invocation/${requestId}/${where}`, answer);
  }
}

serve().catch((error) => giveUp('Uncaught Exception', error));

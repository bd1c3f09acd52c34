// The module `@aws-appsync/utils`: `util`, `extensions` and `runtime`.
// Deliberately not here: anything that reaches outside; the time and random bytes come from `native`.

// What the running handler has done besides returning.
let effects;

function begin() {
  effects = { appended: [], headers: {}, filters: [], early: undefined, authType: '' };
}

function Refusal(problem) {
  this.problem = problem;
}

function EarlyReturn(value, end) {
  this.value = value;
  this.end = end;
}

function problemOf(message, type, data, info) {
  return { message: message === undefined || message === null ? '' : String(message), type: type ?? null,
    data: data ?? null, info: info ?? null };
}

function fail(message, type, data, info) {
  throw new Refusal(problemOf(message, type, data, info));
}

function isBlank(text) {
  return text === undefined || text === null || String(text).trim() === '';
}

const time = {
  nowISO8601: () => native.formatIso(native.nowMs()),
  nowEpochSeconds: () => Math.floor(native.nowMs() / 1000),
  nowEpochMilliSeconds: () => native.nowMs(),
  nowFormatted: (format, zone) => native.formatTime(native.nowMs(), format, zone ?? 'UTC'),
  parseFormattedToEpochMilliSeconds: (text, format, zone) => native.parseTime(text, format, zone ?? ''),
  parseISO8601ToEpochMilliSeconds: (text) => native.parseIso(text),
  epochMilliSecondsToSeconds: (value) => Math.floor(value / 1000),
  epochMilliSecondsToISO8601: (value) => native.formatIso(value),
  epochMilliSecondsToFormatted: (value, format, zone) => native.formatTime(value, format, zone ?? 'UTC'),
};

const str = {
  toUpper: (text) => text.toUpperCase(),
  toLower: (text) => text.toLowerCase(),
  toReplace: (text, part, replacement) => text.replaceAll(part, replacement),
  normalize: (text, form) => text.normalize(String(form).toUpperCase()),
};

const math = {
  roundNum: (value) => Math.round(value),
  minVal: (left, right) => Math.min(left, right),
  maxVal: (left, right) => Math.max(left, right),
  randomDouble: () => native.random(),
  randomWithinRange: (low, high) => low + Math.floor(native.random() * (high - low)),
};

const list = {
  copyAndRetainAll: (values, kept) => values.filter((value) => kept.includes(value)),
  copyAndRemoveAll: (values, dropped) => values.filter((value) => !dropped.includes(value)),
};

function pick(map, wanted) {
  const picked = {};
  for (const key of Object.keys(map)) if (wanted(key)) picked[key] = map[key];
  return picked;
}

const map = {
  copyAndRetainAllKeys: (source, keys) => pick(source, (key) => keys.includes(key)),
  copyAndRemoveAllKeys: (source, keys) => pick(source, (key) => !keys.includes(key)),
};

// What is about one connection and not about the request (AppSync developer guide, "HTTP helpers in util.http").
const HIDDEN_HEADERS = ['transfer-encoding', 'connection', 'host', 'expect', 'keep-alive', 'upgrade',
  'proxy-authenticate', 'proxy-authorization', 'te', 'content-length'];
const http = {
  copyHeaders: (headers) => pick(headers, (name) => !HIDDEN_HEADERS.includes(name.toLowerCase())),
  addResponseHeader: (name, value) => { effects.headers[name] = String(value); },
  addResponseHeaders: (headers) => {
    for (const name of Object.keys(headers)) effects.headers[name] = String(headers[name]);
  },
};

const util = {
  autoId: () => native.uuid(),
  autoUlid: () => native.ulid(),
  autoKsuid: () => native.ksuid(),
  error: fail,
  appendError: (message, type, data, info) => { effects.appended.push(problemOf(message, type, data, info)); },
  unauthorized: () => fail(undefined, 'Unauthorized'),
  authType: () => effects.authType,
  isNull: (value) => value === null || value === undefined,
  isNullOrEmpty: (value) => value === null || value === undefined || value.length === 0
    || (isObject(value) && Object.keys(value).length === 0),
  isNullOrBlank: isBlank,
  defaultIfNull: (value, otherwise) => value ?? otherwise,
  defaultIfNullOrEmpty: (value, otherwise) => (util.isNullOrEmpty(value) ? otherwise : value),
  defaultIfNullOrBlank: (value, otherwise) => (isBlank(value) ? otherwise : value),
  isString: (value) => typeof value === 'string',
  isNumber: (value) => typeof value === 'number',
  isBoolean: (value) => typeof value === 'boolean',
  isList: (value) => Array.isArray(value),
  isMap: isObject,
  typeOf: (value) => {
    if (value === null || value === undefined) return 'Null';
    if (Array.isArray(value)) return 'List';
    const names = { string: 'String', number: 'Number', boolean: 'Boolean', object: 'Map' };
    return names[typeof value] ?? 'Object';
  },
  matches: (pattern, text) => new Pattern(pattern).test(text),
  escapeJavaScript: (text) => JSON.stringify(String(text)).slice(1, -1).replaceAll("'", "\\'").replaceAll('/', '\\/'),
  urlEncode: (text) => encodeURIComponent(text).replaceAll('%20', '+'),
  urlDecode: (text) => decodeURIComponent(text.replaceAll('+', '%20')),
  base64Encode: (text) => native.base64Encode(text),
  base64Decode: (text) => native.base64Decode(text),
  toJson: (value) => JSON.stringify(value),
  parseJson: (text) => JSON.parse(text),
  dynamodb,
  rds: { toJsonObject },
  transform,
  time,
  str,
  math,
  list,
  map,
  http,
  xml,
};

const extensions = {
  setSubscriptionFilter: (filter) => { effects.filters.push({ kind: 'filter', filter }); },
  setSubscriptionInvalidationFilter: (filter) => { effects.filters.push({ kind: 'invalidation', filter }); },
  invalidateSubscriptions: (request) => { effects.filters.push({ kind: 'invalidate', request }); },
  evictFromApiCache: (typeName, fieldName, keys) => {
    effects.filters.push({ kind: 'evict', typeName, fieldName, keys: keys ?? {} });
    return {};
  },
};

const runtime = {
  earlyReturn: (value, options) => {
    throw new EarlyReturn(value === undefined ? null : value, options?.skipTo === 'END');
  },
};

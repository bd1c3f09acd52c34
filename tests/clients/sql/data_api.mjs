// `ExecuteStatement` of the RDS Data API in front of a PostgreSQL, as far as the tests need it: named parameters with the
// types that the Data API gives them, fields and metadata of columns as it answers them, its errors.
// Source: RDS Data API reference; "Using RDS Data API", Aurora user guide. No transactions, no batches.
import http from 'node:http';

/** The types of parameters by their hints. */
const HINTED = { DATE: 'date', DECIMAL: 'numeric', JSON: 'json', TIME: 'time', TIMESTAMP: 'timestamp', UUID: 'uuid' };
/** The types of parameters by the members of their values. */
const PLAIN = { stringValue: 'varchar', longValue: 'bigint', doubleValue: 'float8', booleanValue: 'boolean', blobValue: 'bytea' };

/** Types of PostgreSQL by their numbers: name, JDBC's number, member of a field, reader of the text. */
const TYPES = {
  16: ['bool', -7, 'booleanValue', (text) => text === 't'],
  20: ['int8', -5, 'longValue', Number],
  21: ['int2', 5, 'longValue', Number],
  23: ['int4', 4, 'longValue', Number],
  700: ['float4', 7, 'doubleValue', Number],
  701: ['float8', 8, 'doubleValue', Number],
  17: ['bytea', -2, 'blobValue', (text) => Buffer.from(text.slice(2), 'hex').toString('base64')],
  1184: ['timestamptz', 93, 'stringValue', (text) => text.replace(/\+00$/, '')],
  1700: ['numeric', 2, 'stringValue', String],
};
const LISTS = { 1000: 16, 1005: 21, 1007: 23, 1016: 20, 1022: 701, 1009: 25, 1015: 1043, 2951: 2950 };
const OTHER = ['text', 12, 'stringValue', String];

/** Literals, quoted names, comments and casts are passed over. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:(\w+)/g;

class Refused extends Error {}

/** The statement with numbered parameters, each of its own type, and their values. */
function bound(sql, parameters) {
  const given = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const places = new Map();
  const values = [];
  const text = sql.replace(TOKENS, (token, name) => {
    if (name === undefined) return token;
    if (!places.has(name)) {
      const parameter = given.get(name);
      if (!parameter) throw new Refused(`Cannot find parameter: ${name}`);
      const member = Object.keys(PLAIN).find((key) => parameter.value[key] !== undefined);
      values.push(member === undefined ? null : parameter.value[member]);
      const type = HINTED[parameter.typeHint] ?? PLAIN[member];
      places.set(name, type === undefined ? `$${values.length}` : `$${values.length}::${type}`);
    }
    return places.get(name);
  });
  return { text, values };
}

/** The elements of a list of PostgreSQL without nested lists: `{a,"b c",NULL}`. */
function elements(text) {
  const found = text.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return found.map((part) => (part.startsWith('"') ? part.slice(1, -1).replace(/\\(.)/g, '$1') : part));
}

function field(type, text) {
  if (text === null) return { isNull: true };
  if (LISTS[type] !== undefined) {
    const [, , member, read] = TYPES[LISTS[type]] ?? OTHER;
    return { arrayValue: { [`${member}s`]: elements(text).map(read) } };
  }
  const [, , member, read] = TYPES[type] ?? OTHER;
  return { [member]: read(text) };
}

function metadata({ name, dataTypeID }) {
  const [typeName, type] = TYPES[dataTypeID] ?? OTHER;
  return {
    arrayBaseColumnType: 0, isAutoIncrement: false, isCaseSensitive: type === 12, isCurrency: false, isSigned: type !== 12,
    label: name, name, nullable: 1, precision: 0, scale: 0, schemaName: '', tableName: '', type, typeName,
  };
}

async function execute(pool, { sql, parameters = [], includeResultMetadata, formatRecordsAs }) {
  const types = { getTypeParser: () => (text) => text };
  const answer = await pool.query({ ...bound(sql, parameters), rowMode: 'array', types });
  const changes = ['INSERT', 'UPDATE', 'DELETE'].includes(answer.command);
  const records = answer.rows.map((row) => row.map((text, index) => field(answer.fields[index].dataTypeID, text)));
  const told = { numberOfRecordsUpdated: changes ? answer.rowCount : 0, generatedFields: [] };
  if (includeResultMetadata) told.columnMetadata = answer.fields.map(metadata);
  if (formatRecordsAs === 'JSON') {
    const plain = (one) => (one.isNull ? null : Object.values(one)[0]);
    const row = (record) => Object.fromEntries(record.map((one, index) => [answer.fields[index].name, plain(one)]));
    told.formattedRecords = JSON.stringify(records.map(row));
  } else if (answer.fields.length > 0) {
    told.records = records;
  }
  return told;
}

/** Starts the API for one cluster; gives its address, what it ran, and a function that stops it. */
export function startDataApi(pool, { cluster, secret, database }) {
  const ran = [];
  const answer = async (request, body) => {
    const credential = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/rds-data\/aws4_request/;
    if (!credential.test(request.headers.authorization ?? '')) return [403, 'AccessDeniedException', { message: 'Not signed' }];
    if (request.method !== 'POST' || request.url !== '/Execute') return [404, 'NotFoundException', { message: request.url }];
    const input = JSON.parse(body);
    if (input.resourceArn !== cluster || input.secretArn !== secret || input.database !== database) {
      return [400, 'BadRequestException', { message: `HttpEndpoint is not enabled for resource ${input.resourceArn}` }];
    }
    ran.push(input.sql);
    try {
      return [200, '', await execute(pool, input)];
    } catch (error) {
      if (error instanceof Refused) return [400, 'BadRequestException', { message: error.message }];
      if (error.code === undefined) throw error;
      return [400, 'DatabaseErrorException', { message: `ERROR: ${error.message}; SQLState: ${error.code}` }];
    }
  };
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const failed = (error) => [500, 'InternalServerErrorException', { message: String(error) }];
      answer(request, Buffer.concat(parts).toString()).catch(failed).then(([status, kind, told]) => {
        const headers = { 'content-type': 'application/json', ...(kind && { 'x-amzn-errortype': kind }) };
        response.writeHead(status, headers).end(JSON.stringify(told));
      });
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const stop = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
      resolve({ address: `http://127.0.0.1:${server.address().port}`, ran, stop });
    });
  });
}

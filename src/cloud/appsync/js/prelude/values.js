// `util.dynamodb`: plain values to DynamoDB's typed values and back.
// Deliberately not here: checking that a typed value is well formed; the data source does that.

function typed(value) {
  if (value === null || value === undefined) return { NULL: null };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(typed) };
  return { M: typedEntries(value) };
}

function typedEntries(map) {
  const entries = {};
  for (const key of Object.keys(map ?? {})) {
    if (map[key] !== undefined && typeof map[key] !== 'function') entries[key] = typed(map[key]);
  }
  return entries;
}

function storedObject(key, bucket, region, version) {
  const described = { key, bucket, region };
  if (version !== undefined) described.version = version;
  return { S: JSON.stringify({ s3: described }) };
}

const dynamodb = {
  toDynamoDB: typed,
  toString: (value) => (value === null || value === undefined ? { NULL: null } : { S: String(value) }),
  toStringSet: (values) => ({ SS: values.map(String) }),
  toNumber: (value) => (value === null || value === undefined ? { NULL: null } : { N: value }),
  toNumberSet: (values) => ({ NS: values }),
  toBinary: (value) => ({ B: value }),
  toBinarySet: (values) => ({ BS: values }),
  toBoolean: (value) => (value === null || value === undefined ? { NULL: null } : { BOOL: value }),
  toNull: () => ({ NULL: null }),
  toList: (values) => ({ L: values.map(typed) }),
  toMap: (map) => ({ M: typedEntries(map) }),
  toMapValues: typedEntries,
  toS3Object: storedObject,
  fromS3ObjectJson: (text) => JSON.parse(text).s3,
};

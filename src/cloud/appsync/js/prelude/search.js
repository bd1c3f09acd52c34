// `util.transform.toElasticsearchQueryDSL`: a filter to a query of OpenSearch.
// Source: AppSync developer guide, "Transformation helpers in util.transform".

const SEARCH_OPERATORS = {
  eq: (field, value) => ({ term: { [field]: value } }),
  ne: (field, value) => ({ bool: { must_not: { term: { [field]: value } } } }),
  match: (field, value) => ({ match: { [field]: value } }),
  matchPhrase: (field, value) => ({ match_phrase: { [field]: value } }),
  matchPhrasePrefix: (field, value) => ({ match_phrase_prefix: { [field]: value } }),
  multiMatch: (field, value) => ({ multi_match: { [field]: value } }),
  exists: (field, value) => (value ? { exists: { field } } : { bool: { must_not: { exists: { field } } } }),
  wildcard: (field, value) => ({ wildcard: { [field]: value } }),
  regexp: (field, value) => ({ regexp: { [field]: value } }),
  gt: (field, value) => ({ range: { [field]: { gt: value } } }),
  gte: (field, value) => ({ range: { [field]: { gte: value } } }),
  lt: (field, value) => ({ range: { [field]: { lt: value } } }),
  lte: (field, value) => ({ range: { [field]: { lte: value } } }),
  range: (field, value) => ({ range: { [field]: { gte: value[0], lte: value[1] } } }),
};

function allOf(queries) {
  return queries.length === 1 ? queries[0] : { bool: { must: queries } };
}

function searchQuery(filter) {
  const queries = Object.keys(filter).map((key) => {
    const value = filter[key];
    if (key === 'and') return { bool: { must: value.map(searchQuery) } };
    if (key === 'or') return { bool: { should: value.map(searchQuery), minimum_should_match: 1 } };
    if (key === 'not') return { bool: { must_not: searchQuery(value) } };
    return allOf(Object.keys(value).map((operator) => {
      if (!Object.hasOwn(SEARCH_OPERATORS, operator)) fail(`Unsupported operator: ${operator}`);
      return SEARCH_OPERATORS[operator](key, value[operator]);
    }));
  });
  return allOf(queries);
}

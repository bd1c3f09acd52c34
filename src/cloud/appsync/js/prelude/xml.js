// `util.xml`: documents of XML as plain values.
// Source: AppSync developer guide, "XML helpers in util.xml". An element becomes a member of its parent, several of one
// name a list; attributes are members too; text beside either is the member `content`; texts that read as numbers or
// truth values become those.

const XML_TOKEN = new Pattern('<!--[^]*?-->|<!\\[CDATA\\[[^]*?\\]\\]>|<\\?[^]*?\\?>|<![^>]*>|<[^>]+>|[^<]+', 'g');
const XML_ATTRIBUTE = new Pattern('([^\\s=]+)\\s*=\\s*("[^"]*"|\'[^\']*\')', 'g');
const XML_NUMBER = new Pattern('^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?$');
const XML_ENTITY = new Pattern('&(#x?[0-9a-fA-F]+|[a-z]+);', 'g');
const XML_NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text) {
  return text.replace(XML_ENTITY, (whole, name) => {
    if (Object.hasOwn(XML_NAMED, name)) return XML_NAMED[name];
    if (!name.startsWith('#')) return whole;
    const code = name[1] === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : whole;
  });
}

function plainXml(text) {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return XML_NUMBER.test(text) && text.length < 16 ? Number(text) : text;
}

function addMember(map, name, value) {
  if (!Object.hasOwn(map, name)) map[name] = value;
  else if (Array.isArray(map[name])) map[name].push(value);
  else map[name] = [map[name], value];
}

function closedElement({ map, text }) {
  const content = text.trim();
  if (Object.keys(map).length === 0) return plainXml(content);
  if (content !== '') addMember(map, 'content', plainXml(content));
  return map;
}

function xmlToMap(document) {
  const root = { map: {}, text: '' };
  const open = [root];
  for (const token of String(document).match(XML_TOKEN) ?? []) {
    const top = open[open.length - 1];
    if (token.startsWith('<![CDATA[')) {
      top.text += token.slice(9, -3);
    } else if (token.startsWith('</')) {
      const name = token.slice(2, -1).trim();
      if (open.length === 1 || top.name !== name) fail(`the XML closes ${name}, which is not open`);
      open.pop();
      addMember(open[open.length - 1].map, name, closedElement(top));
    } else if (token.startsWith('<?') || token.startsWith('<!')) {
      continue;
    } else if (token.startsWith('<')) {
      const empty = token.endsWith('/>');
      const inner = token.slice(1, empty ? -2 : -1).trim();
      const name = inner.split(new Pattern('\\s'))[0];
      const element = { name, map: {}, text: '' };
      for (const [, key, value] of inner.slice(name.length).matchAll(XML_ATTRIBUTE)) {
        addMember(element.map, key, plainXml(unescaped(value.slice(1, -1))));
      }
      if (empty) addMember(top.map, name, closedElement(element));
      else open.push(element);
    } else {
      top.text += unescaped(token);
    }
  }
  if (open.length > 1) fail(`the XML never closes ${open[open.length - 1].name}`);
  return root.map;
}

const xml = {
  toMap: xmlToMap,
  toJsonString: (document, asText) => JSON.stringify(xmlToMap(document), (_, value) => (
    asText === true && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value)),
};

/**
 * Plain text and the wiki markup that REST v2 of Jira Data Center reads and writes ("Text formatting notation"). What we
 * write comes back as the same text.
 */
const URL_PART = String.raw`https?:\/\/[^\s<>"'\\{}|^~*!\x60[\]()&]+`;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };
const entity = (char: string): string => `&#${char.charCodeAt(0)};`;

/**
 * An address is left alone, so that it stays a link. A backslash is written as an entity: two of them would be a line break. So
 * are the first letters of what would become a heading or a quotation, where a backslash does not help.
 */
const TO_WIKI = new RegExp(
  [
    `(?<url>${URL_PART})`,
    String.raw`(?<code>\\|&(?=#\d+;|#x[0-9a-f]+;|[a-z]+;)|^(?:h(?=[1-6]\.\s)|b(?=q\.\s)))`,
    String.raw`(?<mark>[{}[\]*_+^~?!|#()-]|[:;](?=[()DPp|]))`,
  ].join('|'),
  'gim',
);

export const textToWiki = (text: string): string =>
  text.replace(TO_WIKI, (found: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as { url?: string; code?: string };
    if (groups.url !== undefined) return found;
    return groups.code === undefined ? `\\${found}` : entity(found);
  });

/**
 * Macros that hold text as it is, then what a backslash or an entity hides, then links and macros that only dress the text.
 * Bold, italic and lists are left as people typed them: they read well enough, and asterisks are also just asterisks.
 */
const FROM_WIKI = new RegExp(
  [
    String.raw`\{(?<verbatim>noformat|code)(?::[^}\n]*)?\}\n?(?<inside>[\s\S]*?)\n?\{\k<verbatim>\}`,
    String.raw`(?<lineBreak>\\\\)`,
    String.raw`\\(?<escaped>[{}[\]*_+^~?!|#():;.-])`,
    String.raw`&(?:#(?<code>\d{1,7})|(?<name>amp|lt|gt|quot|nbsp));`,
    `(?<url>${URL_PART})`,
    String.raw`\[~(?:accountid:)?(?<user>[^\]\n]+)\]`,
    String.raw`\[(?:(?<words>[^\]|\n]+)\|)?(?<href>(?:https?|mailto|ftp):[^\]|\n]+)(?:\|[^\]\n]*)?\]`,
    String.raw`(?<dress>\{(?:color|quote|panel|section|column)(?::[^}\n]*)?\}|^(?:h[1-6]|bq)\.\s)`,
  ].join('|'),
  'gm',
);

export const wikiToText = (wiki: string): string =>
  wiki.replace(/\r\n?/g, '\n').replace(FROM_WIKI, (found: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    const { inside, lineBreak, escaped, code, name, url, user, words, href, dress } = groups;
    if (inside !== undefined) return inside;
    if (lineBreak !== undefined) return '\n';
    if (escaped !== undefined) return escaped;
    if (code !== undefined) return Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : found;
    if (name !== undefined) return ENTITIES[name] ?? found;
    if (url !== undefined) return url;
    if (user !== undefined) return `@${user}`;
    if (href !== undefined) return words === undefined || words === href ? href : `${words} (${href})`;
    return dress === undefined ? found : '';
  });

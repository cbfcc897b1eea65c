const SHOWN = 200;
const LOOKED_AT = 8_192;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&', nbsp: ' ' };

/**
 * The other side's reason, from whatever it answered (text, XML, an HTML page): its text content on one line, bounded, and
 * without our own credentials, which some servers quote back.
 */
export function reasonIn(body: string, secrets: readonly string[]): string {
  const text = hide(body, secrets)
    .slice(0, LOOKED_AT)
    .replace(/<(style|script)\b[^<>]*>[^<]*<\/\1\s*>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(lt|gt|quot|apos|amp|nbsp);/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replace(/[\p{Cc}\p{Cf}\p{Surrogate}\s]+/gu, ' ')
    .trim();
  return Array.from(hide(text, secrets)).slice(0, SHOWN).join('');
}

/** A secret may stand there as it is or, in XML, escaped: hence once before and once after the markup is taken away. */
const hide = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '***')), text);

import { OPR_NAMESPACE } from '@opr-connect/opr';

const TEXT = String.raw`(?:[^<>&\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&(?:amp|lt|gt);)*`;
/** Narrower than well-formed: the one shape that the hub's refusals have. */
const REFUSAL = new RegExp(
  String.raw`^<\?xml version="1\.0" encoding="UTF-8"\?>\n<error xmlns="${OPR_NAMESPACE}">\n(?: {2}<(\w+)>${TEXT}</\1>\n)+</error>\n$`,
  'u',
);

/** What an answer that is no success tells: each element of its XML by name. */
export function refusalIn(answer: { headers?: Headers; body: string }): Record<string, string> {
  if (answer.headers) expect(answer.headers.get('content-type')).toBe('application/xml;charset=UTF-8');
  expect(answer.body).toMatch(REFUSAL);
  return Object.fromEntries(
    [...answer.body.matchAll(/^ {2}<(\w+)>([^<]*)<\/\1>$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
}

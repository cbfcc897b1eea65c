import { reasonIn } from './opr.reason';

it.each([
  ['plain text', 'no such event', 'no such event'],
  [
    'XML',
    '<?xml version="1.0"?>\n<error>\n <message>severity: unknown word &lt;x&gt;</message></error>',
    'severity: unknown word <x>',
  ],
  ['an HTML page', '<html><style>b { color: red }</style><h1>404</h1><p>Not&nbsp;found</p></html>', '404 Not found'],
  ['control characters', 'a\u0000b\u001b[31mc\r\nd\u202Ee', 'a b [31mc d e'],
  ['an empty body', '', ''],
])('takes the reason out of %s', (_, body, reason) => {
  expect(reasonIn(body, [])).toBe(reason);
});

it('shows two hundred characters and never half of one', () => {
  const reason = reasonIn('😀'.repeat(300), []);
  expect(Array.from(reason)).toHaveLength(200);
});

it('hides our credentials where the other side quotes them, as they are or escaped', () => {
  const said = reasonIn('<p>pass<b>word & "x"</p> refused: pass&lt;b&gt;word &amp; &quot;x&quot;', [
    'pass<b>word & "x"',
  ]);
  expect(said).toBe('*** refused: ***');
});

it('ends soon on text that is nothing but brackets', () => {
  const start = Date.now();
  for (const piece of ['<', '<style>', '&', '<style']) reasonIn(piece.repeat(500_000), ['secret']);
  expect(Date.now() - start).toBeLessThan(1_000);
});

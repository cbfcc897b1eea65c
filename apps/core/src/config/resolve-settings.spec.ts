import { Secret } from '@opr-connect/adapter-kit';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, IsUrl, ValidateNested } from 'class-validator';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSettings } from './resolve-settings';

class Proxy {
  @IsString()
  host: string;

  @Secret()
  @IsString()
  password: string;
}

class BaseSettings {
  @Secret()
  @IsString()
  password: string;
}

class Settings extends BaseSettings {
  @IsUrl({ require_tld: false, require_protocol: true })
  url: string;

  @IsInt()
  retries = 3;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Proxy)
  proxies?: Proxy[];
}

const folder = mkdtempSync(join(tmpdir(), 'opr-connect-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const variables = { HOST: 'sn.example.com', SN: 'hunter2', NOT_A_URL: 'hunter2' };

const resolve = (raw: unknown) => resolveSettings(Settings, raw, folder, variables);

describe('resolveSettings', () => {
  it('resolves references and secrets, inherited and nested ones too, and answers the validated class', () => {
    writeFileSync(join(folder, 'proxy'), 'from a file\n');
    const raw = {
      url: 'https://${HOST}/api',
      password: '${SN}',
      proxies: [{ host: '${HOST}', password: 'file:proxy' }],
    };
    const parsed = resolve(raw);
    expect(parsed).toMatchObject({
      ok: true,
      value: { url: 'https://sn.example.com/api', password: 'hunter2', retries: 3 },
    });
    expect(parsed.ok && parsed.value).toBeInstanceOf(Settings);
    expect(parsed.ok && parsed.value.proxies).toEqual([{ host: 'sn.example.com', password: 'from a file' }]);
    expect(raw.password).toBe('${SN}');
  });

  it.each<[what: string, raw: unknown, problems: string[]]>([
    ['nothing at all', undefined, ['must be a map of fields']],
    ['a missing field', { password: '${SN}' }, ['url: must be a URL address']],
    ['an unknown field', { url: 'http://a', password: '${SN}', user: 'x' }, ['user: is not a known field']],
    ['a bad value', { url: '${NOT_A_URL}', password: '${SN}' }, ['url: must be a URL address']],
    [
      'literal secrets, each told once',
      { url: 'http://a', password: 'hunter2', proxies: [{ host: 'p', password: 5 }] },
      [
        'password: must be ${NAME} of an environment variable or file:<path>',
        'proxies[0].password: must be ${NAME} of an environment variable or file:<path>',
      ],
    ],
    [
      'variables that are not set',
      { url: 'https://${NOPE}', password: '${NOPE}' },
      ['url: environment variable NOPE is not set', 'password: environment variable NOPE is not set'],
    ],
  ])('refuses %s', (_, raw, problems) => {
    const parsed = resolve(raw);
    expect(parsed).toEqual({ ok: false, problems });
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});

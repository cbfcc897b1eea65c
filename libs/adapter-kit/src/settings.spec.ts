import { Type } from 'class-transformer';
import { IsArray, IsInt, IsString, ValidateNested } from 'class-validator';
import type { Adapter } from './adapter';
import { Secret, parseSettings, secretFields } from './settings';
import { supportedForwardingType } from './supported';

class Route {
  @IsString()
  path: string;
}

class Settings {
  @IsString()
  url: string;

  @Secret()
  @IsString()
  password: string;

  @IsInt()
  retries = 3;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Route)
  routes: Route[] = [];
}

describe('settings', () => {
  it('become the class, with its defaults', () => {
    const parsed = parseSettings(Settings, { url: 'u', password: 'p', routes: [{ path: '/' }] });
    expect(parsed).toMatchObject({ ok: true, value: { url: 'u', retries: 3, routes: [{ path: '/' }] } });
  });

  it('are refused with every problem, by field and rule and without a value', () => {
    const parsed = parseSettings(Settings, { password: 42_424_242, retries: 'many', routes: [{}], colour: 'red' });
    expect(parsed).toEqual({
      ok: false,
      problems: expect.arrayContaining([
        'url: must be a string',
        'password: must be a string',
        'retries: must be an integer number',
        'routes[0].path: must be a string',
        'colour: is not a known field',
      ]),
    });
    expect(JSON.stringify(parsed)).not.toContain('42424242');
  });

  it.each([[null], ['text'], [[]]])('must be a map, and %j is none', (plain) => {
    expect(parseSettings(Settings, plain)).toEqual({ ok: false, problems: ['must be a map of fields'] });
  });

  it('know which of their fields are secret', () => {
    expect(secretFields(Settings)).toEqual(['password']);
  });
});

describe('the methods that an adapter has say what its server supports', () => {
  const forwardEvent = async () => ({ ref: { id: '1' } });
  it.each<[string, Adapter, string]>([
    ['only forwardEvent', { forwardEvent }, 'notify'],
    ['and forwardChange', { forwardEvent, forwardChange: forwardEvent }, 'notify_and_update'],
    [
      'and receiveChange',
      { forwardEvent, forwardChange: forwardEvent, receiveChange: async () => [] },
      'synchronize_and_transfer_control',
    ],
    [
      'a party that speaks OPR tells us itself',
      { forwardEvent, forwardChange: forwardEvent, traits: { speaksOpr: true } },
      'synchronize_and_transfer_control',
    ],
    ['receiveChange without forwardChange', { forwardEvent, receiveChange: async () => [] }, 'notify'],
  ])('%s', (_what, adapter, supported) => {
    expect(supportedForwardingType(adapter)).toBe(supported);
  });
});

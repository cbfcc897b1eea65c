import jsonata from 'jsonata';
import { Liquid, type LiquidOptions } from 'liquidjs';

/** Something that is evaluated: a template for a text, or an expression for any value. */
export interface Source {
  language: 'liquid' | 'jsonata';
  /** The field of the settings that it stands in: what errors call it. */
  field: string;
  text: string;
}

/** Longest template or expression, in characters. */
export const MAX_SOURCE_LENGTH = 10_000;

/**
 * How every template is read and rendered. LiquidJS looks at its clock only between two parts of a template, so these limits give
 * good reasons; what cannot be exceeded is the evaluator's own. There is no file system and no other template behind it.
 */
export const LIQUID_OPTIONS = {
  parseLimit: MAX_SOURCE_LENGTH,
  renderLimit: 200,
  memoryLimit: 8 * 1024 * 1024,
  ownPropertyOnly: true,
  strictFilters: true,
  strictVariables: false,
  templates: {},
} satisfies LiquidOptions;

/** Tags that name another template. */
export const TAGS_LEFT_OUT = ['include', 'render', 'layout', 'block'] as const;

const liquid = new Liquid(LIQUID_OPTIONS);
for (const tag of TAGS_LEFT_OUT) delete liquid.tags[tag];

/** Why a text is no template or expression, with the place; `undefined` if it is one. It is read and not run. */
export function problemOf(language: Source['language'], text: string): string | undefined {
  if (text.length > MAX_SOURCE_LENGTH) return `must not be longer than ${MAX_SOURCE_LENGTH} characters`;
  try {
    switch (language) {
      case 'liquid':
        liquid.parse(text);
        return undefined;
      case 'jsonata':
        jsonata(text);
        return undefined;
    }
  } catch (error) {
    return language === 'liquid'
      ? `is no template: ${messageOf(error)}`
      : `is no JSONata expression: ${messageOf(error)}${positionOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : error;
  return String(message).split('\n')[0] ?? '';
}

function positionOf(error: unknown): string {
  const position: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'position') : undefined;
  return typeof position === 'number' ? ` (position ${position})` : '';
}

/** What a document may cost before it is refused. */
export interface OprLimits {
  /** Bytes of the document. */
  size: number;
  /** Elements inside each other. */
  depth: number;
  /** Attributes of one element, namespace declarations included. */
  attributes: number;
  /** Characters of text in one element, or in one attribute. */
  text: number;
  /** Elements of the document. */
  elements: number;
}

export const DEFAULT_LIMITS: Readonly<OprLimits> = {
  size: 8 * 1024 * 1024,
  depth: 32,
  attributes: 64,
  text: 2 * 1024 * 1024,
  elements: 100_000,
};

/** The limits given, and the default for each that is not. */
export function completed(limits: Partial<OprLimits>): OprLimits {
  const all = { ...DEFAULT_LIMITS };
  for (const key of Object.keys(all) as (keyof OprLimits)[]) all[key] = limits[key] ?? all[key];
  return all;
}

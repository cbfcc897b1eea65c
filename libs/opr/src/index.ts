export * from './enums';
export type * from './model';
export { OPR_NAMESPACE } from './namespaces';
export { DEFAULT_LIMITS, readEvent, readEventChange, readOpr, type OprLimits } from './read';
export { writeEvent, writeEventChange, writeEventChangeList, writeEventList, writeOpr } from './write';
export { OprXmlError, type OprXmlRule } from './xml-error';

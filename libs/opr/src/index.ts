export * from './enums';
export { DEFAULT_LIMITS, type OprLimits } from './limits';
export type * from './model';
export { OPR_NAMESPACE } from './namespaces';
export { readEvent, readEventAnswer, readEventChange, readOpr, type EventAnswer } from './read';
export { writeEvent, writeEventChange, writeEventChangeList, writeEventList, writeOpr } from './write';
export { OprXmlError, type OprXmlRule } from './xml-error';

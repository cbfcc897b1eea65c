export * from './enums';
export type * from './model';
export { OPR_NAMESPACE } from './table';

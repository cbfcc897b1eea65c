export { OprAdapter, OprAdapterFactory } from './opr.adapter';
export { OprAdapterModule } from './opr.module';
export { OprSettings } from './opr.settings';

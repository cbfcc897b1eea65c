import { Module } from '@nestjs/common';
import { OprAdapterFactory } from './opr.adapter';

/** Brings the adapter `opr`. */
@Module({ providers: [OprAdapterFactory], exports: [OprAdapterFactory] })
export class OprAdapterModule {}

import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { OprAdapterFactory } from './opr.adapter';

/** Brings the adapter `opr`. */
@Module({ imports: [HttpModule], providers: [OprAdapterFactory], exports: [OprAdapterFactory] })
export class OprAdapterModule {}

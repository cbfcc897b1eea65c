import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Equals, IsIn, IsInt, IsNotEmpty, IsString, Max, MaxLength, Min } from 'class-validator';
import { Optional } from '@opr-connect/adapter-kit';

/** Kinds of messages that can become dead letters: a read that fails is settled as unreadable. */
export const DEAD_KINDS = ['forward', 'change', 'hook'] as const;
export type DeadKind = (typeof DEAD_KINDS)[number];

const MAX_ID = 1024;
const MAX_REASON = 1000;
const MAX_PAGE = 500;
const text = { message: '$property must be a text' };
const page = { message: `$property must be a whole number from 1 to ${MAX_PAGE}` };
const line = { message: '$property must be the seq of a line' };

/** A query knows only texts. */
const Whole = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ),
  );

const Limit = (): PropertyDecorator => applyDecorators(Whole(), IsInt(page), Min(1, page), Max(MAX_PAGE, page));
const Before = (): PropertyDecorator => applyDecorators(Whole(), Optional(), IsInt(line));

const Reason = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    IsString(text),
    IsNotEmpty({ message: '$property must say why' }),
    MaxLength(MAX_REASON, { message: `$property must not be longer than ${MAX_REASON} characters` }),
  );

/** For what needs no more than its path. */
export class Nothing {}

export class Why {
  @Reason()
  reason: string;
}

/** Which part of a list, the newest first: at most so many lines, older than the one with this `seq`. */
export class Page {
  @Limit()
  limit = 50;

  @Before()
  before?: number;
}

/** Which part of the history of each event, the newest lines first. */
export class HistoryPage {
  @Limit()
  limit = 200;

  @Before()
  before?: number;
}

/** Which dead letters: all conditions that are given must hold. */
export class DeadLetterFilter {
  /** Name of a connected server. */
  @Optional()
  @IsString(text)
  server?: string;

  @Optional()
  @IsIn(DEAD_KINDS, { message: `$property must be one of ${DEAD_KINDS.join(', ')}` })
  kind?: DeadKind;

  /** An event id, or any external id of the event. */
  @Optional()
  @IsString(text)
  @MaxLength(MAX_ID, { message: `$property must not be longer than ${MAX_ID} characters` })
  event?: string;
}

export class DeadLetterPage extends DeadLetterFilter {
  @Limit()
  limit = 50;

  @Before()
  before?: number;
}

/** For what is done to many: a condition is given, or `all` is said. */
export class ManyDeadLetters extends DeadLetterFilter {
  @Optional()
  @Equals(true, { message: '$property must be true where it is given' })
  all?: true;
}

export class ManyToDiscard extends ManyDeadLetters {
  @Reason()
  reason: string;
}

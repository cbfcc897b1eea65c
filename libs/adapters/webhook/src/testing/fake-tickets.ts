export interface Comment {
  id: string;
  author: string;
  text: string;
}

/** What of a ticket people can change, in the words of the documented body. */
export interface Fields {
  title?: string | null;
  description?: string | null;
  solution?: string | null;
  state?: string | null;
  severity?: string | null;
  priority?: string | null;
  category?: string | null;
  assignedUser?: string | null;
  assignedGroup?: string | null;
  customAttributes?: Record<string, string | null>;
}

export interface Ticket extends Fields {
  number: string;
  /** The key of the event. */
  key: string;
  /** The number of the ticket of its cause. */
  cause?: string;
  comments: Comment[];
}

/** An annotation in the documented body. */
export interface Entry {
  id?: string;
  operation?: 'insert' | 'update' | 'delete';
  author?: string;
  text?: string;
}

/** The documented body, as far as a ticket is made of it. */
export interface Body {
  type: string;
  data: {
    key: string;
    id?: string;
    causeId?: string;
    event: Fields & { annotations?: Entry[] };
    changes?: Fields & { cause?: string | null };
    annotations?: Entry[];
  };
}

/** What a hook may tell: the hub takes these from a connected server. */
export const TOLD_FIELDS = [
  ...(['title', 'description', 'solution', 'state', 'severity', 'priority', 'assignedUser', 'assignedGroup'] as const),
];

export const FIELDS = [...TOLD_FIELDS, 'category'] as const;

import { FORWARDING_TYPES, atLeast, type Model, type PropertyChange, type PropertyChangeKind } from '.';
import { ROOT_SHAPES, elementName, type Shape } from './shape';
import { TABLE } from './table';

describe('forwarding types', () => {
  it('each allow what the ones before them allow', () => {
    const allowed = FORWARDING_TYPES.map((type) => FORWARDING_TYPES.filter((minimum) => atLeast(type, minimum)).length);
    expect(allowed).toEqual([1, 2, 3, 4]);
    expect(atLeast('synchronize', 'synchronize')).toBe(true);
    expect(atLeast('notify_and_update', 'synchronize')).toBe(false);
  });
});

describe('the element table', () => {
  it('names elements by their keys', () => {
    expect(elementName('subCategory')).toBe('sub_category');
    expect(elementName('receivedOnCiDowntime')).toBe('received_on_ci_downtime');
    expect(elementName('id')).toBe('id');
  });

  it('names each kind of change by its type', () => {
    const slot = ROOT_SHAPES.get('event_change')!.slots.get('changed_properties')!;
    const kinds = slot.holds === 'wrapper' ? [...slot.shapes.keys()] : [];
    const types = Object.keys(TABLE).filter((name) => /.Change$/.test(name) && name !== 'EventChange');
    expect(kinds.sort()).toEqual(types.map((name) => elementName(name).slice(1)).sort());
    // The compiler knows the same kinds.
    const typed: Record<PropertyChangeKind, true> = {
      string_property_change: true,
      state_change: true,
      severity_property_change: true,
      priority_property_change: true,
      time_property_change: true,
      integer_property_change: true,
      long_property_change: true,
      user_property_change: true,
      group_property_change: true,
      annotation_property_change: true,
      custom_attribute_property_change: true,
      symptom_property_change: true,
      correlation_rule_property_change: true,
      control_transferred_to_property_change: true,
      forwarding_info_property_change: true,
    };
    expect(kinds).toEqual(Object.keys(typed).sort());
  });

  it('has no type that no document can hold', () => {
    const reached = new Set<Shape>();
    const visit = (shape: Shape): void => {
      if (reached.has(shape)) return;
      reached.add(shape);
      for (const slot of shape.slots.values()) {
        if (slot.holds === 'object') visit(slot.shape);
        if (slot.holds === 'wrapper') slot.shapes.forEach(visit);
      }
    };
    ROOT_SHAPES.forEach(visit);
    expect(reached.size).toBe(Object.keys(TABLE).length);
  });
});

/** What the compiler must accept and refuse. Never run: the build fails if one of these lines is wrong. */
export const types = {
  nested: (event: Model['OprEvent']): string | undefined =>
    event.sourcedFrom?.sentVia?.sentVia?.name ?? event.relatedCi?.configurationItem?.partOf?.configurationItem?.name,
  narrowed: (change: PropertyChange): 'open' | 'in_progress' | 'resolved' | 'closed' | number | undefined =>
    change.kind === 'state_change' || change.kind === 'integer_property_change' ? change.currentValue : undefined,
  // @ts-expect-error no such severity
  word: (): Model['OprEvent'] => ({ severity: 'fatal' }),
  // @ts-expect-error no such element
  element: (): Model['OprEvent'] => ({ subcategory: 'x' }),
  // @ts-expect-error a state is no number
  value: (): PropertyChange => ({ kind: 'state_change', currentValue: 1 }),
  // @ts-expect-error a list has no such attribute
  attribute: (): Model['OprEventList'] => ({ $attributes: { targetRole: 'x' } }),
};

//! A table of connections of bounded size. A ticket names a place and its tenant, so a late event
//! for a connection that has ended never reaches the next one in its place.

/// Names one entry for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub slot: u32,
    pub generation: u32,
}

struct Slot<T> {
    generation: u32,
    tenant: Option<T>,
}

/// The table. Grows to `limit` places and keeps them, so that in steady state nothing is allocated.
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    limit: usize,
}

/// More places than this do not fit into a token.
const MOST: usize = 0x00ff_ffff;

impl<T> Slots<T> {
    pub fn new(limit: usize) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), limit: limit.min(MOST) }
    }

    pub fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// How many places there are at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    /// Takes a tenant in; gives it back if the table is full.
    pub fn insert(&mut self, tenant: T) -> Result<Ticket, T> {
        if self.is_full() {
            return Err(tenant);
        }
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                let Ok(number) = u32::try_from(self.slots.len()) else { return Err(tenant) };
                self.slots.push(Slot { generation: 0, tenant: None });
                number
            }
        };
        match self.slot(number) {
            Some(slot) => {
                slot.tenant = Some(tenant);
                Ok(Ticket { slot: number, generation: slot.generation })
            }
            None => Err(tenant),
        }
    }

    pub fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        self.slot(ticket.slot).filter(|slot| slot.generation == ticket.generation)?.tenant.as_mut()
    }

    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        let slot = self.slot(ticket.slot).filter(|slot| slot.generation == ticket.generation)?;
        let tenant = slot.tenant.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(ticket.slot);
        Some(tenant)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Ticket, &T)> {
        self.slots.iter().zip(0_u32..).filter_map(|(slot, number)| {
            let ticket = Ticket { slot: number, generation: slot.generation };
            slot.tenant.as_ref().map(|tenant| (ticket, tenant))
        })
    }

    fn slot(&mut self, number: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_void_once_its_tenant_has_left() {
        let mut slots = Slots::new(2);
        let first = slots.insert('a').expect("room");
        assert_eq!(slots.remove(first), Some('a'));
        let second = slots.insert('b').expect("room");
        assert_eq!((first.slot, slots.get_mut(first)), (second.slot, None));
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.get_mut(second), Some(&mut 'b'));
    }

    #[test]
    fn the_table_never_grows_past_its_limit() {
        let mut slots = Slots::new(2);
        assert!(slots.is_empty());
        let (one, _) = (slots.insert(1), slots.insert(2));
        assert_eq!(slots.insert(3), Err(3));
        assert!(slots.is_full() && slots.iter().count() == 2);
        slots.remove(one.expect("room"));
        assert!(slots.insert(3).is_ok());
    }
}

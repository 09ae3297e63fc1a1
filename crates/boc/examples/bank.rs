//! A bank: transfers between accounts, each of which holds just the two accounts that it names.
//!
//! ```text
//! cargo run --release --example bank -p boc [ACCOUNTS] [TRANSFERS]
//! ```
//!
//! Money is moved at random. The total never changes, no account is overdrawn, and auditors who look at all accounts at
//! once always find the full amount.

use boc::{Cown, Promise, Runtime, read};
use std::time::Instant;

const DEPOSIT: u64 = 100;

/// Moves `amount` if `from` has that much. True if it has.
fn transfer(runtime: &Runtime, from: &Cown<u64>, to: &Cown<u64>, amount: u64) -> Promise<bool> {
    runtime.when((from, to), move |(mut from, mut to)| {
        let covered = *from >= amount;
        if covered {
            *from -= amount;
            *to += amount;
        }
        covered
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let accounts = arguments.next().transpose()?.unwrap_or(100).max(2);
    let transfers = arguments.next().transpose()?.unwrap_or(100_000);

    let runtime = Runtime::builder().start()?;
    let bank: Vec<Cown<u64>> = (0..accounts).map(|_| Cown::new(DEPOSIT)).collect();
    let refused = Cown::new(0);
    let mut audits = Vec::new();
    let started = Instant::now();

    let mut random = 1_u64;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound
    };
    for nth in 0..transfers {
        let from = below(accounts);
        let to = (from + 1 + below(accounts - 1)) % accounts;
        let covered = transfer(&runtime, &bank[from], &bank[to], 1 + below(60) as u64);
        runtime
            .when((&covered, &refused), |(mut covered, mut refused)| *refused += u64::from(!covered.take()));
        if nth % 1_000 == 0 {
            let all: Vec<_> = bank.iter().map(read).collect();
            audits.push(runtime.when(all, |all| all.iter().map(|account| **account).sum::<u64>()));
        }
    }
    runtime.wait();

    let took = started.elapsed();
    let expected = DEPOSIT * accounts as u64;
    let audited: Vec<u64> =
        audits.iter().map(|audit| audit.try_hold().expect("all has run").take()).collect();
    let total: u64 = bank.iter().map(|account| *account.try_hold().expect("all has run")).sum();
    let refused = *refused.try_hold().expect("all has run");
    println!(
        "{transfers} transfers between {accounts} accounts in {took:.2?} on {} workers",
        runtime.worker_count()
    );
    println!("{refused} were refused for lack of money");
    println!(
        "{} audits: {}",
        audited.len(),
        if audited.iter().all(|&sum| sum == expected) { "all right" } else { "WRONG" }
    );
    println!("the bank holds {total}, and should hold {expected}");
    assert!(total == expected && audited.iter().all(|&sum| sum == expected));
    Ok(())
}

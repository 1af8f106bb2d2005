//! Feeds mutated files to every reader: weight files, stores of the atlas, laws and grids in TOML,
//! tables of trained losses, journals and checkpoints. A reader may refuse a file or take it, but
//! it may not panic, and the memory that it asks for at one time is bounded by a multiple of the
//! file's length. The same seed gives the same files.

mod mutation;
mod readers;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use readers::Reader;

/// Feeds mutated files to every reader and says how many were taken, refused, or made it panic or
/// ask for too much memory.
#[derive(Parser)]
struct Arguments {
    /// Bytes to feed to each reader.
    #[arg(long, default_value_t = 1_000_000)]
    bytes: u64,
    /// Seed of the mutations.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only the reader of this name.
    #[arg(long)]
    only: Option<String>,
}

/// The most bytes of memory that a reader may hold for a file of so many bytes.
fn allowed(length: usize) -> u64 {
    (16 << 20) + 256 * length as u64
}

/// What came of the files.
#[derive(Debug, Default)]
struct Tally {
    files: u64,
    bytes: u64,
    taken: u64,
    most_memory: u64,
    /// What is wrong with the reader, each with the file that shows it.
    faults: Vec<(String, Vec<u8>)>,
}

fn feed(reader: &dyn Reader, bytes: u64, seed: u64) -> Tally {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let seeds = reader.examples();
    let mut tally = Tally::default();
    for file in seeds.iter().filter(|file| !reader.read(file)) {
        tally.faults.push(("refused a valid file".to_owned(), file.clone()));
    }
    while tally.bytes < bytes && tally.faults.len() < 3 {
        let file = mutation::mutated(&seeds, &mut rng);
        tally.files += 1;
        tally.bytes += file.len() as u64;
        let mut end = Ok(false);
        let memory = allocation_counter::measure(|| {
            end = catch_unwind(AssertUnwindSafe(|| reader.read(&file)));
        });
        tally.most_memory = tally.most_memory.max(memory.bytes_max);
        match end {
            Err(_) => tally.faults.push(("panicked".to_owned(), file)),
            Ok(_) if memory.bytes_max > allowed(file.len()) => {
                tally.faults.push((format!("held {} bytes", memory.bytes_max), file));
            }
            Ok(taken) => tally.taken += u64::from(taken),
        }
    }
    tally
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut sound = true;
    println!(
        "{:<12} {:>10} {:>14} {:>10} {:>14} {:>8}",
        "reader", "files", "bytes", "taken", "memory", "seconds"
    );
    for reader in readers::all()? {
        if arguments.only.as_ref().is_some_and(|only| only != reader.name()) {
            continue;
        }
        let start = Instant::now();
        let tally = feed(&*reader, arguments.bytes, arguments.seed);
        let Tally { files, bytes, taken, most_memory, faults } = &tally;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{:<12} {files:>10} {bytes:>14} {taken:>10} {most_memory:>14} {seconds:>8.1}",
            reader.name()
        );
        for (k, (fault, file)) in faults.iter().enumerate() {
            let path = format!("fault-{}-{k}", reader.name());
            std::fs::write(&path, file)?;
            println!("  {fault}: {path}");
            sound = false;
        }
    }
    Ok(sound)
}

fn main() -> ExitCode {
    // A panic is counted, not printed.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

//! The usual program without cowns: a pool of threads with a locked queue of jobs.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce(&Pool) + Send>;

/// A pool of threads. Jobs get the pool, to submit more jobs.
#[derive(Clone)]
pub struct Pool(Arc<Common>);

struct Common {
    jobs: Mutex<Jobs>,
    more: Condvar,
    none: Condvar,
}

#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    in_flight: usize,
    closed: bool,
}

/// Ends the threads when dropped.
pub struct Threads(Pool, Vec<JoinHandle<()>>);

impl Pool {
    pub fn start(threads: usize) -> (Pool, Threads) {
        let pool =
            Pool(Arc::new(Common { jobs: Mutex::default(), more: Condvar::new(), none: Condvar::new() }));
        let threads = (0..threads).map(|_| {
            let pool = pool.clone();
            std::thread::spawn(move || pool.work())
        });
        let threads = threads.collect();
        (pool.clone(), Threads(pool, threads))
    }

    pub fn run(&self, job: impl FnOnce(&Pool) + Send + 'static) {
        let mut jobs = self.0.jobs.lock().unwrap();
        jobs.in_flight += 1;
        jobs.queue.push_back(Box::new(job));
        drop(jobs);
        self.0.more.notify_one();
    }

    pub fn wait(&self) {
        let jobs = self.0.jobs.lock().unwrap();
        drop(self.0.none.wait_while(jobs, |jobs| jobs.in_flight > 0).unwrap());
    }

    fn work(&self) {
        let mut jobs = self.0.jobs.lock().unwrap();
        loop {
            if let Some(job) = jobs.queue.pop_front() {
                drop(jobs);
                job(self);
                jobs = self.0.jobs.lock().unwrap();
                jobs.in_flight -= 1;
                if jobs.in_flight == 0 {
                    self.0.none.notify_all();
                }
            } else if jobs.closed {
                return;
            } else {
                jobs = self.0.more.wait(jobs).unwrap();
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.0.jobs.lock().unwrap().closed = true;
        self.0.0.more.notify_all();
        self.1.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

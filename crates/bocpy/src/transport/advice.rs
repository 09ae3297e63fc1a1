//! What to do instead of sending what cannot be sent.

/// For an object of that class, to be put behind the reason. `None` where there is none.
pub(super) fn advice(class: &str) -> Option<&'static str> {
    let (module, name) = class.rsplit_once('.').unwrap_or(("", class));
    // Programs have classes of these names, too.
    let of = |package: &str| module.split('.').any(|part| part.trim_start_matches('_') == package);
    let runs_things =
        of("threading") || of("thread") || of("asyncio") || of("concurrent") || of("multiprocessing");
    let advice = match name {
        "generator" | "map" | "zip" | "filter" | "enumerate" | "reversed" | "SRE_Scanner"
        | "ScandirIterator" | "reader" | "DictReader" => ". Give a list of its items instead: list(...)",
        _ if module == "itertools" || name.ends_with("iterator") => {
            ". Give a list of its items instead: list(...)"
        }
        "async_generator" => ". Give a list of its items instead: [item async for item in ...]",
        "coroutine" => ". Run it in the behavior, with asyncio.run(), and give its result",
        "Future" | "Task" if runs_things => ". Give its result instead",
        _ if name.ends_with("EventLoop") => ". Run one in the behavior, with asyncio.run()",
        "Cursor" => ". Give its rows instead, as fetchall() does, or open it in the behavior that uses it",
        "Row" if of("sqlite3") => ". Give a tuple or a dict of it instead: tuple(row), dict(row)",
        "Match" if of("re") => ". Give what you need of it instead: match.group(), match.groupdict()",
        "lock" | "LockType" | "RLock" | "Condition" | "Semaphore" | "BoundedSemaphore" | "Event"
        | "Barrier"
            if runs_things =>
        {
            ". Behaviors need none: only one at a time has a cown, and the order of behaviors is that of their scheduling"
        }
        "Queue" | "LifoQueue" | "PriorityQueue" | "SimpleQueue" if runs_things || of("queue") => {
            ". Use send() and receive() of bocpy, or a cown with a list"
        }
        "_local" | "local" => ". Use a context variable, or a cown with a dict",
        "Context" if of("contextvars") => {
            ". Behaviors see the context variables that are set where they are scheduled"
        }
        "socket" | "SSLSocket" | "Connection" => ". Open it in the behavior that uses it",
        "writer" | "DictWriter" => ". Make it in the behavior that uses it",
        "Thread" | "Timer" | "_ThreadHandle" | "Popen" | "ThreadPoolExecutor" | "ProcessPoolExecutor" => {
            ". Keep it where it was started, and send what it is to do"
        }
        "HASH" => ". Give its digest",
        "frame" | "traceback" => ". Give a text instead: traceback.format_exc()",
        "ReferenceType" => ". Give the object itself, or a cown that has it",
        "Progress" | "Live" | "Status" | "Console" if of("rich") => {
            ". Use it in the main program: behaviors can send() it how far they are"
        }
        _ => return None,
    };
    Some(advice)
}

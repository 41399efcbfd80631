//! The kinds of programs: what they are made from, what they are asked, and what must come of it.

use std::time::Duration;

use python_runtime::{Limit, Limits};
use serde_json::{Value, json};

use super::programs::{Ask, Calls, Expected, Kind, Made, limits};
use super::random::Random;

fn ask(input: impl Into<Value>, expected: Expected) -> Ask {
    Ask {
        input: input.into(),
        expected,
        limits: limits(),
    }
}

fn value(input: impl Into<Value>, answer: impl Into<Value>) -> Ask {
    ask(input, Expected::Value(answer.into()))
}

fn stopped(limit: &'static [Limit], limits: Limits) -> Ask {
    Ask {
        input: json!(1),
        expected: Expected::Limit(limit),
        limits,
    }
}

const fn python(
    name: &'static str,
    source: &'static str,
    ask: fn(&mut Random, u64) -> Ask,
) -> Kind {
    kind(name, Made::Python(source), ask)
}

const fn kind(name: &'static str, made: Made, ask: fn(&mut Random, u64) -> Ask) -> Kind {
    Kind {
        name,
        made,
        calls: Calls::Apart,
        ask,
    }
}

const fn shared(kind: Kind) -> Kind {
    Kind {
        calls: Calls::Shared,
        ..kind
    }
}

const fn session(kind: Kind) -> Kind {
    Kind {
        calls: Calls::Session,
        ..kind
    }
}

const fn durable(kind: Kind) -> Kind {
    Kind {
        calls: Calls::Durable,
        ..kind
    }
}

fn times(random: &mut Random, number: u64) -> Ask {
    let input = random.below(1000);
    value(input, input * number)
}

fn echo(random: &mut Random, _: u64) -> Ask {
    let text = "é\n\"x".repeat(random.below(300) as usize);
    let both = json!([random.below(1 << 50), {"text": text}]);
    value(both.clone(), both)
}

fn count(_: &mut Random, _: u64) -> Ask {
    ask(0, Expected::Count)
}

fn one(_: &mut Random, _: u64) -> Ask {
    value(0, 1)
}

const COUNT: &str = "calls = 0\ndef run(_):\n    global calls\n    calls += 1\n    return calls\n";

/// Good ones first.
pub(super) const KINDS: &[Kind] = &[
    kind("lambda", Made::Lambda("lambda x: x * NUMBER"), times),
    shared(kind(
        "lambda, shared",
        Made::Lambda("lambda x: x * NUMBER"),
        times,
    )),
    kind(
        "modules",
        Made::Modules("from helping.much import times\n\ndef run(x):\n    return times(x)\n"),
        times,
    ),
    python(
        "words",
        "import re\nTABLE = {n: str(n) for n in range(NUMBER)}\n\ndef run(text):\n    TABLE.clear()\n    return sorted(re.findall(r'[a-z]+', text))\n",
        |random, _| {
            let mut words: Vec<String> = (0..random.below(30))
                .map(|_| {
                    let letter = (b'a' + random.below(26) as u8) as char;
                    letter.to_string().repeat(1 + random.below(9) as usize)
                })
                .collect();
            let text = words.join("-");
            words.sort();
            value(text, words)
        },
    ),
    python(
        "large state",
        "TABLE = [str(n) for n in range(50000)]\n\ndef run(x):\n    seen = TABLE[x]\n    TABLE[x] = 'changed'\n    return seen\n",
        |random, _| {
            let input = random.below(50_000);
            value(input, input.to_string())
        },
    ),
    python(
        "grows",
        "def run(x):\n    return len(bytearray(b'x') * (x << 20))\n",
        |random, _| {
            let input = 10 + random.below(30);
            value(input, input << 20)
        },
    ),
    python(
        "hostcalls",
        "import asyncio\n\nasync def run(x, ctx):\n    return sum(await asyncio.gather(*(ctx.hostcall('double', n) for n in range(x))))\n",
        |random, _| {
            let input = 1 + random.below(40);
            value(input, input * (input - 1))
        },
    ),
    python(
        "nested",
        "def run(x, ctx):\n    return ctx.hostcall('nest', x) + NUMBER\n",
        |random, number| {
            let input = random.below(100);
            value(input, input + 1 + number)
        },
    ),
    python(
        "parks",
        "import asyncio\n\nasync def run(x, ctx):\n    before = [x] * 1000\n    for _ in range(3):\n        await asyncio.sleep(0.0005)\n        x = await ctx.hostcall('double', x)\n    assert sum(before) * 8 == x * 1000\n    return x\n",
        |random, _| {
            let input = random.below(1000);
            value(input, input * 8)
        },
    ),
    python(
        "parks with secrets",
        "import asyncio\nOWN = secret(NUMBER)\nkept = []\n\nasync def run(x, ctx):\n    kept.extend(OWN.decode() + str(n) for n in range(x))\n    await asyncio.sleep(0.001)\n    del kept[::2]\n    await asyncio.gather(*(ctx.hostcall('double', n) for n in range(3)), asyncio.sleep(0.001))\n    return len(OWN)\n",
        |random, _| value(random.below(500), 24),
    ),
    python(
        "parks and calls",
        "import asyncio\n\nasync def run(x, ctx):\n    async with asyncio.timeout(600):\n        both = await asyncio.gather(*(ctx.hostcall('nest', x + n) for n in range(2)), asyncio.sleep(0.001))\n    return both[0] + both[1] + NUMBER\n",
        |random, number| {
            let input = random.below(100);
            value(input, 2 * input + 3 + number)
        },
    ),
    python(
        "parks for ever",
        "async def run(x, ctx):\n    return await ctx.hostcall('never', x)\n",
        |_, _| {
            stopped(
                &[
                    Limit::ParkedTime,
                    Limit::WallTime,
                    Limit::Instances,
                    Limit::Computing,
                ],
                limits()
                    .wall_time(Duration::from_millis(20))
                    .parked_time(Duration::from_millis(5)),
            )
        },
    ),
    durable(python(
        "durable",
        "import asyncio\n\nasync def run(x, ctx):\n    both = await asyncio.gather(*(ctx.hostcall('double', x + n) for n in range(3)))\n    return await ctx.hostcall('double', sum(both)) + NUMBER\n",
        |random, number| {
            let input = random.below(1000);
            value(input, 4 * (3 * input + 3) + number)
        },
    )),
    session(python("count, session", COUNT, count)),
    session(python(
        "count, session that parks",
        "import asyncio\ncalls = 0\n\nasync def run(_, ctx):\n    global calls\n    calls += 1\n    await asyncio.gather(ctx.hostcall('double', calls), asyncio.sleep(0.0005))\n    return calls\n",
        count,
    )),
    python("count", COUNT, one),
    shared(python("count, shared", COUNT, count)),
    kind(
        "rust echo",
        Made::Op(|hosts| &hosts.rust, "echo", |_| Value::Null),
        echo,
    ),
    kind(
        "rust count",
        Made::Op(|hosts| &hosts.rust, "count", |_| Value::Null),
        one,
    ),
    shared(kind(
        "rust count, shared",
        Made::Op(|hosts| &hosts.rust, "count", |_| Value::Null),
        count,
    )),
    kind(
        "rust total",
        Made::Op(|hosts| &hosts.shop, "total", |_| Value::Null),
        |random, _| {
            let quantity = 1 + random.below(9);
            let items = json!([{"sku": "abc", "quantity": quantity}]);
            value(items, json!({"lines": 1, "total": (3 * quantity) as f64}))
        },
    ),
    kind(
        "c echo",
        Made::Op(|hosts| &hosts.c, "echo", |_| Value::Null),
        echo,
    ),
    kind(
        "javascript",
        Made::Op(
            |hosts| &hosts.javascript,
            "run",
            |number| json!({"ty": "lambda", "source": format!("x => x * {number}")}),
        ),
        times,
    ),
    shared(kind(
        "javascript, shared",
        Made::Op(
            |hosts| &hosts.javascript,
            "run",
            |number| json!({"ty": "lambda", "source": format!("x => x * {number}")}),
        ),
        times,
    )),
    // And evil ones.
    python(
        "hides secrets",
        "import gc, sys\nOWN = secret(NUMBER)\nkept = []\n\ndef run(x):\n    text = OWN.decode()\n    sys.secret = [OWN * x, {text: text}]\n    kept.extend(text + str(n) for n in range(x))\n    del kept[::2]\n    freed = bytearray(OWN * 5000)\n    del freed\n    print(text)\n    return len(OWN)\n",
        |random, _| value(random.below(500), 24),
    ),
    python(
        "hunts secrets",
        "def run(length):\n    return owners(length)\n",
        |_, _| value(0, json!([])),
    ),
    python(
        "patches",
        "import builtins, json, random, sys\n\ndef run(x):\n    builtins.len = builtins.sorted = builtins.sum = lambda *_: 99\n    json.loads = json.dumps = None\n    random.seed(1)\n    sys.modules['re'] = sys\n    sys.setrecursionlimit(100)\n    return x\n",
        |random, _| {
            let input = random.below(9);
            value(input, input)
        },
    ),
    python(
        "raises",
        "def run(x):\n    raise ValueError('x' * x)\n",
        |random, _| ask(random.below(9_999), Expected::Python("ValueError")),
    ),
    python(
        "exits",
        "import sys\n\ndef run(x):\n    sys.exit(x)\n",
        |_, _| ask(3, Expected::Python("SystemExit")),
    ),
    python(
        "recurses",
        "def run(x):\n    return run(x + 1)\n",
        |_, _| ask(0, Expected::Python("RecursionError")),
    ),
    python(
        "prints",
        "def run(x):\n    print('x' * (x << 10))\n    return x\n",
        |random, _| {
            let input = random.below(500);
            value(input, input)
        },
    ),
    python(
        "answers much",
        "def run(x):\n    return 'x' * (3 << 20)\n",
        |_, _| stopped(&[Limit::Output], limits().output(1 << 20)),
    ),
    python("loops", "def run(x):\n    while x: pass\n", |_, _| {
        stopped(
            &[Limit::CpuTime],
            limits().cpu_time(Duration::from_millis(20)),
        )
    }),
    python(
        "takes memory",
        "def run(x):\n    taken = [b'']\n    while x: taken.append(taken[-1] + b'x' * (4 << 20))\n",
        |_, _| stopped(&[Limit::Memory], limits().memory(64 << 20)),
    ),
    python(
        "asks for ever",
        "def run(x, ctx):\n    while x: ctx.hostcall('double', 1)\n",
        |_, _| stopped(&[Limit::Hostcalls], limits().hostcalls(50)),
    ),
    python(
        "is never answered",
        "def run(x, ctx):\n    return ctx.hostcall('never', x)\n",
        |_, _| {
            stopped(
                &[Limit::WallTime, Limit::Instances, Limit::Computing],
                limits().wall_time(Duration::from_millis(20)),
            )
        },
    ),
    python(
        "is refused",
        "def run(op, ctx):\n    ctx.hostcall(op, 1)\n",
        |random, _| {
            let op = *random
                .choose(&["fail", "panic", "missing"])
                .unwrap_or(&"fail");
            ask(op, Expected::Python("HostcallError"))
        },
    ),
    python(
        "traps",
        "def run(x):\n    return memory(1 << 30)[x]\n",
        |_, _| ask((1 << 30) - 1, Expected::Trap),
    ),
    kind(
        "rust panics",
        Made::Op(|hosts| &hosts.shop, "nth", |_| Value::Null),
        |_, _| ask(json!([["a"], 7]), Expected::Handler("panicked at")),
    ),
    kind(
        "rust refuses",
        Made::Op(|hosts| &hosts.shop, "greet", |_| Value::Null),
        |_, _| ask(7, Expected::Handler("invalid input")),
    ),
    kind(
        "javascript throws",
        Made::Op(
            |hosts| &hosts.javascript,
            "run",
            |_| json!({"ty": "lambda", "source": "x => { throw new Error('thrown') }"}),
        ),
        |_, _| ask(0, Expected::Handler("thrown")),
    ),
    kind(
        "javascript loops",
        Made::Op(
            |hosts| &hosts.javascript,
            "run",
            |_| json!({"ty": "lambda", "source": "x => { for (;;); }"}),
        ),
        |_, _| {
            stopped(
                &[Limit::CpuTime],
                limits().cpu_time(Duration::from_millis(20)),
            )
        },
    ),
];

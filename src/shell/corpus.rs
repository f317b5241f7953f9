//! Values that have hurt shells, and random ones made of the same stuff.

/// What is special somewhere.
const SPECIAL: [&str; 72] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\\\",
    "$",
    "$$",
    "$(touch P)",
    "`touch P`",
    "${IFS}",
    "$HOME",
    "$'x'",
    "$\"x\"",
    "!",
    "!!",
    "!$",
    "^a^b",
    "%",
    "%n%{x%}",
    "%PATH%",
    "{a,b}",
    "{1..9}",
    "~",
    "~root",
    "~+",
    "*",
    "**",
    "?",
    "[a-z]",
    "[",
    "]",
    "(",
    ")",
    "(touch P)",
    "<(touch P)",
    "=ls",
    "=(touch P)",
    ";",
    ";touch P;",
    "&",
    "&& touch P",
    "|",
    "| touch P",
    ">P",
    ">>P",
    "<x>y",
    "#",
    "#x",
    "-n",
    "--",
    "-",
    "=",
    "a=b",
    ":",
    "@args",
    "@(a|b)",
    "+(x)",
    "--%",
    "\\n",
    "\\x41",
    "\\101",
    "\\u0041",
    "\\e[2J",
    " ",
    "  ",
    ",",
    "^",
    "/",
    "<<EOF",
    "(e:'touch P':)",
    "$[1+1]",
];

/// What is not ASCII: quotes that look like quotes, blanks that look like blanks, both directions, beyond the
/// basic plane, and code points that shells use for themselves.
const FOREIGN: [&str; 26] = [
    "é",
    "日本",
    "🚀",
    "👩\u{200d}👧",
    "\u{2018}",
    "\u{2019}",
    "\u{201a}",
    "\u{201b}",
    "\u{201c}",
    "\u{201d}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{3000}",
    "\u{202e}abc",
    "\u{200b}",
    "שלום",
    "مرحبا",
    "e\u{301}",
    "\u{feff}",
    "\u{e000}",
    "\u{f600}",
    "\u{f6ff}",
    "\u{fdd0}",
    "\u{ffff}",
    "\u{10ffff}",
];

/// Every hostile value, and 2,000 random ones: the same at each call.
pub(super) fn all() -> Vec<String> {
    let mut values = vec![
        String::new(),
        "ASIAFAKE1111".into(),
        "abc/+==".into(),
        "it's $(touch P) \"q\" \\ % é".into(),
        "x'; touch P; '".into(),
        "x\u{2019}; touch P; \u{2018}".into(),
        "x\"; touch P; \"".into(),
        "'\\''".into(),
        "a{x,y} ;touch P #".into(),
        "{;touch P;,x}".into(),
        "x".repeat(10_000),
        "it's \\ $(touch P) 日 ".repeat(500),
        "'".repeat(3_000),
        "\\".repeat(3_001),
    ];
    for piece in SPECIAL.iter().chain(&FOREIGN) {
        values.extend([
            (*piece).to_owned(),
            format!("a{piece}b"),
            format!("{piece} x"),
            format!("x {piece}"),
            format!("'{piece}"),
            format!("{piece}\\"),
        ]);
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    values.extend((0..2_000).map(|_| dice.value()));
    values
}

/// A fixed sequence of throws (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn value(&mut self) -> String {
        let length = self.below(24);
        (0..length).fold(String::new(), |mut value, _| {
            match self.below(8) {
                0 | 1 => value.push_str(SPECIAL[self.below(SPECIAL.len())]),
                2 => value.push_str(FOREIGN[self.below(FOREIGN.len())]),
                3 => {
                    let any = u32::try_from(self.below(0x11_0000)).unwrap();
                    value.extend(char::from_u32(any).filter(|c| !c.is_control()));
                }
                // twice the weight for what closes a quote
                4 => value.push(['\'', '\\', '"', '$', '`', ' '][self.below(6)]),
                _ => value.push(char::from(b' ' + u8::try_from(self.below(95)).unwrap())),
            }
            value
        })
    }
}

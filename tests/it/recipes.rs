//! The recipes of the README: their profiles and their commands, as they stand there, do what they show.

use crate::world::World;

const README: &str = include_str!("../../README.md");
const USER: &str = "arn:aws:iam::123456789012:user/alice";
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/alice";

/// The blocks of a language in the section.
fn blocks(language: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once("\n## Four recipes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|block| block.split_once("\n```").unwrap().0).collect()
}

fn world(config: &str) -> World {
    let world = World::new()
        .config(config)
        .credentials("[me]\naws_access_key_id = AKIAALICE00000000001\naws_secret_access_key = alicesecret\n")
        .answers(&["123456"]);
    world.sim.key("AKIAALICE00000000001", "alicesecret", USER);
    world.sim.mfa(DEVICE, "123456");
    world.sim.assign("123456789012", "Development", "Developer");
    drop(world.sim.role("arn:aws:iam::210987654321:role/Admin").trusts(USER).requires_mfa(DEVICE));
    drop(world.sim.role("arn:aws:iam::210987654321:role/Deploy").trusts("123456789012"));
    world
}

/// Plays a transcript. Every line of it is a command, or is printed, but for addresses.
fn play(world: &World, transcript: &str) {
    let mut printed = String::new();
    for line in transcript.lines().filter(|line| !line.is_empty() && !line.starts_with("http")) {
        if let Some(typed) = line.strip_prefix("$ ") {
            let command = typed.split('#').next().unwrap().trim();
            let command = command.trim_start_matches("eval \"$(").trim_end_matches(")\"");
            let output = world.run(command.strip_prefix("awsenv ").unwrap());
            assert_eq!(output.code, 0, "{typed}: {output}");
            printed = format!("{}{}", output.stdout, output.stderr);
        } else {
            let line = line.strip_suffix(": 123456").unwrap_or(line); // what the person types
            assert!(printed.contains(line), "{line}\nis not in\n{printed}");
        }
    }
}

#[test]
fn the_recipes_of_the_readme_do_what_they_show() {
    let (profiles, transcripts) = (blocks("ini"), blocks("console"));
    assert_eq!((profiles.len(), transcripts.len()), (4, 4));
    for (at, transcript) in transcripts.iter().enumerate() {
        let config = if at % 2 == 0 { profiles[at].to_owned() } else { profiles[at - 1..=at].join("\n") };
        let world = world(&config);
        play(&world, transcript);
        assert!(world.sim.refusals().is_empty(), "{:?}", world.sim.refusals());
        assert_eq!(world.opened(), usize::from(at >= 2), "recipe {}", at + 1);
    }
}

# awsenv in fish, 3.5 and newer: fresh credentials before each prompt and each command, a function that lets `awsenv
# login` change this shell, and the prompt segment. What config.fish sources is this, with one line filled in.

# All that is global here begins with `__awsenv_`. `builtin` keeps the user's functions away. Nothing is exported but
# what awsenv itself says. fish keeps `$status` and `$pipestatus` around what runs on an event.

#::AWSENV::

# --- Refresh ----------------------------------------------------------------------------------------------------

# Sets __awsenv_now without a process: fish has no clock, but knows when a file was changed and how long ago that was.
function __awsenv_clock
    builtin set -g __awsenv_now (builtin math (builtin path mtime /) + (builtin path mtime -R /))
end

# The value is the environment's: ten digits, or nothing.
function __awsenv_check
    builtin string match -qr '^[1-9][0-9]{9}$' -- "$AWSENV_REFRESH_AT"
    and builtin test "$__awsenv_now" -ge "$AWSENV_REFRESH_AT"
    and __awsenv_due $argv
end

# Renewed, or begun to be, by a process of its own; rare.
function __awsenv_due
    builtin test -z "$AWSENV_NO_REFRESH"
    or builtin return 0
    builtin set -l fish_trace # no secret in a trace
    builtin set -l code
    if not __awsenv_is_there
        builtin set -q __awsenv_missed
        or builtin echo "awsenv: $__awsenv_exe is gone; this shell's credentials are not renewed" >&2
        builtin set -g __awsenv_missed 1
        builtin set -gx AWSENV_REFRESH_AT (builtin math $__awsenv_now + 300)
    else if builtin set code (command $__awsenv_exe refresh --shell fish --before $argv </dev/null)
        builtin eval (builtin string join \n -- $code)
    else
        builtin set -gx AWSENV_REFRESH_AT (builtin math $__awsenv_now + 60)
    end
end

# Whether the program is there, if need be in another place than when this shell began.
function __awsenv_is_there
    builtin test -x "$__awsenv_exe"
    and builtin return
    builtin set -l other (builtin command -s awsenv)
    and builtin set -g __awsenv_exe $other
end

# --- The function -----------------------------------------------------------------------------------------------

function awsenv --description 'AWS credentials for this shell'
    __awsenv_is_there
    builtin set -l verb
    for word in $argv
        switch $word
            case -h --help -V --version --shell '--shell=*' --format '--format=*'
                builtin set verb
                builtin break
            case '-*'
            case '*'
                builtin set -q verb[1]
                or builtin set verb $word
        end
    end
    switch "$verb"
        case login logout unset
            # in `(…)` the text itself is asked for
            if not builtin status is-command-substitution
                __awsenv_apply $argv
                builtin return
            end
    end
    command $__awsenv_exe $argv
end

# fish has no subshells: this changes the shell in a pipe too. `awsenv login dev | source` then reads nothing, and must
# not miss a failure.
function __awsenv_apply
    builtin set -l fish_trace
    builtin set -l code
    # not `(…)`, which the redirections of the caller do not reach
    # AWSENV_FUNCTION: Ctrl-C ends this function where it is, and what was read would make a success of it
    AWSENV_SHELL=fish AWSENV_FUNCTION=1 command $__awsenv_exe $argv | builtin read -z code
    builtin set -l failed $pipestatus[1]
    if builtin test $failed -eq 0
        builtin eval $code
        builtin set failed $status
    else if not builtin test -t 1
        builtin echo 'false;'
    end
    builtin return $failed
end

# --- The segment ------------------------------------------------------------------------------------------------

# Sets AWSENV_PROMPT, the plain text, and __awsenv_segment, with its colours. Drawn anew only if one of its facts, or
# the minute, is another.
function __awsenv_draw
    builtin set -l facts "$AWSENV_PROFILE|$AWS_ACCESS_KEY_ID|$AWS_REGION|$AWSENV_EXPIRES_AT$AWSENV_REFRESH_AT$AWSENV_RENEWAL"
    builtin test "$facts" = "$__awsenv_drawn" -a "$__awsenv_now" -lt "$__awsenv_draw_at"
    and builtin return
    builtin set -g __awsenv_drawn $facts
    builtin set -g __awsenv_draw_at 9999999999
    if builtin test -z "$AWSENV_PROFILE" -o "$AWSENV_KEY_ID" != "$AWS_ACCESS_KEY_ID"
        builtin set -g __awsenv_segment
        builtin set -eg AWSENV_PROMPT
        builtin return 0
    end
    builtin set -g __awsenv_left ''
    builtin set -l tone
    if builtin string match -qr '^[1-9][0-9]{9}$' -- "$AWSENV_EXPIRES_AT"
        builtin set -l s (builtin math $AWSENV_EXPIRES_AT - $__awsenv_now)
        if builtin test "$AWSENV_RENEWAL" = sign-in
            builtin set __awsenv_left 'sign in'
            builtin set tone red
        else if builtin test $s -gt 0
            builtin set __awsenv_draw_at (builtin math $__awsenv_now + "($s - 1) % 60" + 1)
            if builtin test $s -lt 60
                builtin set __awsenv_left '<1m'
            else if builtin test $s -lt 3600
                builtin set __awsenv_left (builtin math -s0 $s / 60)m
            else
                builtin set -l minutes (builtin math -s0 $s / 60)
                builtin set __awsenv_left (builtin printf '%dh%02dm' (builtin math -s0 $minutes / 60) (builtin math $minutes % 60))
            end
            # without a renewal it is the last five minutes that count
            if builtin string match -qr '^[1-9][0-9]{9}$' -- "$AWSENV_REFRESH_AT"
                if builtin test $__awsenv_now -ge $AWSENV_REFRESH_AT -o -n "$AWSENV_RENEWAL"
                    builtin set tone yellow
                else if builtin test $__awsenv_draw_at -gt $AWSENV_REFRESH_AT
                    builtin set __awsenv_draw_at $AWSENV_REFRESH_AT
                end
            else if builtin test $s -lt 300
                builtin set tone yellow
            end
        else if builtin test -n "$AWSENV_REFRESH_AT" -a -z "$AWSENV_RENEWAL"
            builtin set __awsenv_left renewing
            builtin set tone yellow
        else
            builtin set __awsenv_left ended
            builtin set tone red
        end
    end
    __awsenv_fill
    builtin set -gx AWSENV_PROMPT "$__awsenv_a$__awsenv_left$__awsenv_b"
    if builtin test -n "$NO_COLOR" -o "$TERM" = dumb -o -z "$TERM"
        builtin set -g __awsenv_segment $AWSENV_PROMPT
        builtin return 0
    end
    builtin set -l color cyan
    if builtin contains -- "$AWSENV_COLOR" black red green yellow blue magenta white
        builtin set color $AWSENV_COLOR
    end
    builtin test -n "$tone"
    or builtin set tone $color
    builtin set color (builtin set_color $color)
    builtin set -g __awsenv_segment $color$__awsenv_a(builtin set_color $tone)$__awsenv_left$color$__awsenv_b(builtin set_color normal)
end

# --- Into the shell ---------------------------------------------------------------------------------------------

if builtin status is-interactive
    function __awsenv_before_prompt --on-event fish_prompt
        builtin test -n "$AWSENV_REFRESH_AT$__awsenv_prompt"
        or builtin return
        __awsenv_clock
        __awsenv_check prompt
        builtin test -z "$__awsenv_prompt"
        or __awsenv_draw
    end

    function __awsenv_before_command --on-event fish_preexec
        builtin test -n "$AWSENV_REFRESH_AT"
        or builtin return
        __awsenv_clock
        __awsenv_check command
    end

    # nothing stays of a segment that is not drawn any more
    builtin set -g __awsenv_drawn
    builtin set -g __awsenv_segment
    builtin test -n "$__awsenv_prompt"
    or builtin set -eg AWSENV_PROMPT
    if builtin test -n "$__awsenv_prompt"; and not builtin functions -q __awsenv_right_prompt
        # the user's own comes first: it may show the status
        if builtin functions -q fish_right_prompt
            builtin functions -c fish_right_prompt __awsenv_right_prompt
        else
            function __awsenv_right_prompt
            end
        end
        function fish_right_prompt --description 'the right prompt, and what awsenv loaded'
            __awsenv_right_prompt
            builtin test -z "$__awsenv_segment"
            or builtin printf ' %s' "$__awsenv_segment"
        end
    end
end

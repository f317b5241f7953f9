# shellcheck shell=bash disable=SC2030,SC2031,SC2071
# awsenv in bash, 3.2 and newer: fresh credentials before each prompt and each command, a function that lets `awsenv
# login` change this shell, and the prompt segment. What the rc file evaluates is this, with the next line filled in.
#::AWSENV::

# All that is global here begins with `__awsenv_`. `\builtin` keeps the user's aliases away. Nothing is exported but
# what awsenv itself says.

# --- The clock, without a process -------------------------------------------------------------------------------

# Sets __awsenv_now. EPOCHSECONDS came with bash 5.0, and is the user's to unset.
if \builtin printf -v __awsenv_now '%(%s)T' -1 2>/dev/null && [[ $__awsenv_now == [0-9]* ]]; then # bash 4.2
  function __awsenv_clock { \builtin printf -v __awsenv_now '%(%s)T' -1; }
else
  __awsenv_began=$(\command date +%s) __awsenv_seconds=$SECONDS __awsenv_last=$SECONDS
  function __awsenv_clock {
    # SECONDS is the user's to set; unset, it counts no more
    case ${SECONDS-} in
      '' | *[!0-9]*) __awsenv_now=$(\command date +%s) && \builtin return ;;
    esac
    if [ "$SECONDS" -lt "$__awsenv_last" ]; then
      __awsenv_began=$(\command date +%s) __awsenv_seconds=$SECONDS
    fi
    __awsenv_last=$SECONDS
    __awsenv_now=$((__awsenv_began + __awsenv_last - __awsenv_seconds))
  }
fi

# --- Refresh ----------------------------------------------------------------------------------------------------

# Before each prompt. Two moments in Unix seconds have ten digits until 2286 and so compare as text: the value is the
# environment's, and arithmetic would run a `$(…)` in it.
function __awsenv_before_prompt {
  __awsenv_status=$? __awsenv_armed=''
  [[ -n ${EPOCHSECONDS-} && $EPOCHSECONDS < ${AWSENV_REFRESH_AT:-9} ]] || __awsenv_due prompt
  [[ -z $__awsenv_prompt${__awsenv_unwatched+${AWSENV_REFRESH_AT-}} ]] || __awsenv_more
}

function __awsenv_more {
  [[ -z ${__awsenv_unwatched+${AWSENV_REFRESH_AT-}} ]] || __awsenv_watch=$__awsenv_unwatched
  [[ -z $__awsenv_prompt ]] || __awsenv_draw
}

# Gives the status on to what follows in a PROMPT_COMMAND that is one text. As an array, from bash 5.1 on, each of its
# elements has it anyway. What calls it goes on with `&& :`, so that neither `set -e` nor an ERR trap takes it for a
# failure.
function __awsenv_after_prompt {
  __awsenv_armed=$__awsenv_arms_itself
  \builtin return "${__awsenv_status:-0}"
}

# Before the first command of a line. The argument is `$_`, which bash then leaves as it was.
function __awsenv_before_command {
  __awsenv_armed=
  [[ -n ${EPOCHSECONDS-} && $EPOCHSECONDS < ${AWSENV_REFRESH_AT:-9} ]] || __awsenv_due command
}

# Renewed, or begun to be, by a process of its own; rare.
function __awsenv_due {
  case ${AWSENV_REFRESH_AT-} in
    [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) ;;
    *) \builtin return 0 ;;
  esac
  __awsenv_clock
  # a restricted shell starts no program by its path
  [[ $__awsenv_now < $AWSENV_REFRESH_AT || -n ${AWSENV_NO_REFRESH-} || $- == *r* ]] && \builtin return 0
  \builtin local __awsenv_code='' __awsenv_at="$AWSENV_REFRESH_AT"
  # no secret in a trace, nor in what `set -v` repeats
  { \builtin local __awsenv_shows="$-" && \builtin set +xv; } 2>/dev/null
  if ! __awsenv_is_there; then
    [[ -n ${__awsenv_missed-} ]] ||
      \builtin printf '%s\n' "awsenv: $__awsenv_exe is gone; this shell's credentials are not renewed" >&2
    __awsenv_missed=1
    \builtin export AWSENV_REFRESH_AT="$((__awsenv_now + 300))"
  else
    # Ctrl-C ends this function where it is: then the next command does not wait at once again
    \builtin export AWSENV_REFRESH_AT="$((__awsenv_now + 10))"
    if __awsenv_code=$(\command "$__awsenv_exe" refresh --shell bash --before "$1" \
      </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-); then
      AWSENV_REFRESH_AT=$__awsenv_at
      \builtin eval "$__awsenv_code"
    else
      AWSENV_REFRESH_AT=$((__awsenv_now + 60))
    fi
  fi
  __awsenv_show
  \builtin return 0
}

# Shows again what the caller has hidden.
function __awsenv_show {
  case $__awsenv_shows in *v*) \builtin set -v ;; esac
  case $__awsenv_shows in *x*) \builtin set -x ;; esac
}

# Whether the program is there, if need be in another place than when this shell began.
function __awsenv_is_there {
  [[ -x $__awsenv_exe ]] && \builtin return
  \builtin local __awsenv_other
  __awsenv_other=$(\builtin type -P awsenv) && __awsenv_exe=$__awsenv_other
}

# --- The function -----------------------------------------------------------------------------------------------

\builtin unalias awsenv 2>/dev/null || :
function awsenv {
  __awsenv_is_there || :
  \builtin local __awsenv_word __awsenv_verb=''
  for __awsenv_word in "$@"; do
    case $__awsenv_word in
      -h | --help | -V | --version | --shell | --shell=* | --format | --format=*)
        __awsenv_verb=
        \builtin break
        ;;
      -*) ;;
      *) [[ -n $__awsenv_verb ]] || __awsenv_verb=$__awsenv_word ;;
    esac
  done
  case $__awsenv_verb in
    login | logout | unset)
      # in `$(…)` and in a pipe stdout is somebody else's: it gets the text, and this shell stays as it is
      if [[ ${BASH_SUBSHELL-0} == 0 || -t 1 ]]; then
        __awsenv_apply "$@"
        \builtin return
      fi
      ;;
  esac
  \command "$__awsenv_exe" "$@"
}

function __awsenv_apply {
  \builtin local __awsenv_code='' __awsenv_failed=0
  { \builtin local __awsenv_shows="$-" && \builtin set +xv; } 2>/dev/null
  __awsenv_code=$(AWSENV_SHELL=bash \command "$__awsenv_exe" "$@") || __awsenv_failed=$?
  if [[ $__awsenv_failed == 0 ]]; then
    \builtin eval "$__awsenv_code" || __awsenv_failed=$?
    [[ ${BASH_SUBSHELL-0} == 0 ]] ||
      \builtin printf '%s\n' 'awsenv: only this subshell was changed; it ends with the parenthesis or the job' >&2
  fi
  __awsenv_show
  \builtin return "$__awsenv_failed"
}

# --- The segment ------------------------------------------------------------------------------------------------

# Sets AWSENV_PROMPT, the plain text, and __awsenv_segment, which PS1 refers to: its value is shown, never run. Drawn
# anew only if one of its facts, or the minute, is another.
function __awsenv_draw {
  __awsenv_facts="${AWSENV_PROFILE-}|${AWS_ACCESS_KEY_ID-}|${AWS_REGION-}|${AWSENV_EXPIRES_AT-}${AWSENV_REFRESH_AT-}${AWSENV_RENEWAL-}"
  # `[` compares faster than `[[`, which takes a pattern
  [ "$__awsenv_facts" = "$__awsenv_drawn" ] && [[ ${EPOCHSECONDS:-9} < $__awsenv_draw_at ]] && \builtin return
  __awsenv_clock
  __awsenv_draw_at=9
  if [[ -z ${AWSENV_PROFILE-} || ${AWSENV_KEY_ID-} != "${AWS_ACCESS_KEY_ID-}" ]]; then
    __awsenv_segment='' __awsenv_drawn=$__awsenv_facts
    [[ -z ${AWSENV_PROMPT+set} ]] || \builtin unset -v AWSENV_PROMPT
    \builtin return 0
  fi
  \builtin local __awsenv_left='' __awsenv_tone='' __awsenv_color __awsenv_a __awsenv_b __awsenv_s
  case ${AWSENV_EXPIRES_AT-} in
    [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9])
      __awsenv_s=$((AWSENV_EXPIRES_AT - __awsenv_now))
      if [[ ${AWSENV_RENEWAL-} == sign-in ]]; then
        __awsenv_left='sign in' __awsenv_tone=31
      elif [[ $__awsenv_s -gt 0 ]]; then
        __awsenv_draw_at=$((__awsenv_now + (__awsenv_s - 1) % 60 + 1))
        if [[ $__awsenv_s -lt 60 ]]; then
          __awsenv_left='<1m'
        elif [[ $__awsenv_s -lt 3600 ]]; then
          __awsenv_left=$((__awsenv_s / 60))m
        else
          \builtin printf -v __awsenv_left '%dh%02dm' "$((__awsenv_s / 3600))" "$((__awsenv_s / 60 % 60))"
        fi
        # without a renewal it is the last five minutes that count
        if [[ -n ${AWSENV_REFRESH_AT-} ]]; then
          [[ $__awsenv_now < $AWSENV_REFRESH_AT && -z ${AWSENV_RENEWAL-} ]] || __awsenv_tone=33
          [[ $__awsenv_tone || $__awsenv_draw_at < $AWSENV_REFRESH_AT ]] || __awsenv_draw_at=$AWSENV_REFRESH_AT
        elif [[ $__awsenv_s -lt 300 ]]; then
          __awsenv_tone=33
        fi
      elif [[ -n ${AWSENV_REFRESH_AT-} && -z ${AWSENV_RENEWAL-} ]]; then
        __awsenv_left=renewing __awsenv_tone=33
      else
        __awsenv_left=ended __awsenv_tone=31
      fi
      ;;
  esac
  __awsenv_fill
  \builtin export AWSENV_PROMPT="$__awsenv_a$__awsenv_left$__awsenv_b"
  __awsenv_drawn=$__awsenv_facts
  if [[ -n ${NO_COLOR-} || ${TERM:-dumb} == dumb ]]; then
    __awsenv_segment="$AWSENV_PROMPT "
    \builtin return 0
  fi
  case ${AWSENV_COLOR-} in
    black) __awsenv_color=30 ;;
    red) __awsenv_color=31 ;;
    green) __awsenv_color=32 ;;
    yellow) __awsenv_color=33 ;;
    blue) __awsenv_color=34 ;;
    magenta) __awsenv_color=35 ;;
    white) __awsenv_color=37 ;;
    *) __awsenv_color=36 ;;
  esac
  # 1 and 2 (SOH, STX) tell readline what takes no room
  __awsenv_segment=$'\001\033['$__awsenv_color$'m\002'$__awsenv_a
  if [[ -n $__awsenv_tone ]]; then
    __awsenv_left=$'\001\033['$__awsenv_tone$'m\002'$__awsenv_left$'\001\033['$__awsenv_color$'m\002'
  fi
  __awsenv_segment=$__awsenv_segment$__awsenv_left$__awsenv_b$'\001\033[0m\002 '
}

# --- Into the shell ---------------------------------------------------------------------------------------------

if [[ $- == *i* ]] && (PROMPT_COMMAND=${PROMPT_COMMAND-}) 2>/dev/null; then # it may be readonly
  __awsenv_hook=__awsenv_before_prompt __awsenv_arms_itself=

  # Run once, at the top level, where bash tells of a DEBUG trap: how commands are watched, from the first prompt on
  # at which credentials are loaded. An existing trap stays alone; bash-preexec has its own list.
  # shellcheck disable=SC2016
  __awsenv_unwatched='
    \builtin unset -v __awsenv_unwatched __awsenv_watch
    if [[ -n ${bash_preexec_imported-}${__bp_imported-} ]]; then
      case " ${preexec_functions[*]-} " in
        *" __awsenv_before_command "*) ;;
        *) preexec_functions+=(__awsenv_before_command) ;;
      esac
    elif [[ $(\builtin trap -p DEBUG) != *[!-]" DEBUG" ]]; then # posix mode says `trap -- - DEBUG` of none
      \builtin trap '\''[[ -z ${__awsenv_armed-} || $BASH_COMMAND == *__awsenv_hook* ]] || __awsenv_before_command "$_"'\'' DEBUG
      if [[ ${BASH_VERSINFO[0]}${BASH_VERSINFO[1]} -ge 44 ]] && \builtin shopt -q promptvars; then
        PS0='\''${BASH_VERSION:$((__awsenv_armed=1,0)):0}'\''${PS0-}
      else
        __awsenv_arms_itself=1
      fi
    fi'

  # References, because a PROMPT_COMMAND that was exported reaches shells without these functions. Lines of their own,
  # because the user's text may end in `;`, `&` or a comment. What arms comes last: a DEBUG trap sees these lines too.
  # shellcheck disable=SC2016
  __awsenv_text='"${__awsenv_hook-:}"
[[ -z ${__awsenv_watch-} ]] || \builtin eval "$__awsenv_watch"
[[ -z ${__awsenv_arms_itself-} ]] || __awsenv_armed=1
'
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
    case " ${PROMPT_COMMAND[*]-} " in
      *__awsenv_hook*) ;;
      *) PROMPT_COMMAND+=("$__awsenv_text") ;;
    esac
  else
    __awsenv_last_hook=__awsenv_after_prompt
    # shellcheck disable=SC2016,SC2128,SC2178
    case ${PROMPT_COMMAND-} in
      *__awsenv_hook*) ;;
      *) PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}$__awsenv_text'"${__awsenv_last_hook-:}" && :' ;;
    esac
  fi
  \builtin unset -v __awsenv_text

  # nothing stays of a segment that is not drawn any more
  __awsenv_drawn='' __awsenv_draw_at='' __awsenv_segment=''
  [[ -n $__awsenv_prompt || -z ${AWSENV_PROMPT+set} ]] || \builtin unset -v AWSENV_PROMPT
  if [[ -n $__awsenv_prompt ]] && \builtin shopt -q promptvars && [[ ${PS1-} != *__awsenv_segment* ]]; then
    # shellcheck disable=SC2016
    PS1='${__awsenv_segment-}'${PS1-}
  fi
fi
